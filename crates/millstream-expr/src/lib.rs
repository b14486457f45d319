//! Python expressions, compiled to column-at-a-time kernels over Arrow.
//!
//! An expression is parsed once (by ruff's parser: the whole grammar of Python, with ranges), resolved against the
//! columns of a [`Scope`] and the functions of a [`Library`], typed, folded where it is constant, and then evaluated
//! for any number of [`Frame`]s. Whatever the language does not have is refused when it is compiled, with the range
//! to point at and a hint.
//!
//! # The language
//! - **Literals**: `42`, `4.2`, `"text"` (concatenated ones too), `True`, `False`, `None`; displays of lists, tuples,
//!   sets and dicts, which are indexed, tested with `in`, counted, joined or passed to functions.
//! - **Names** of columns; dotted ones (`order.amount`) where the scope has them.
//! - **Operators**: `+ - * / // % **`, unary `-` and `+`, `not`, `and`, `or`, comparisons and chains of them, `in`,
//!   `not in`, `is None`, `is not None`, `a if test else b`; `+` and `*` of texts.
//! - **f-strings** with the format mini-language, and `strftime` directives for dates.
//! - **Indexing** of texts, lists and dicts; slices of texts and constant lists.
//! - **Methods of texts**: `lower upper strip lstrip rstrip title capitalize swapcase replace startswith endswith zfill
//!   ljust rjust center find count isdigit isalpha removeprefix removesuffix`, `text.split(..)[i]`,
//!   `separator.join([..])`.
//! - **Builtins**: `round abs int float str bool len min max`.
//! - **Functions of the library**: `random.choice(..)`, `foreign_key(..)`. A name whose head is a column is a method
//!   call on the column.
//!
//! # Types
//! `int` (64 bits), `float`, `bool`, `str`, `date`, `datetime` (microseconds, with or without a zone), `time`,
//! `timedelta` and `None`.
//! Columns of narrower types are widened where they are computed with: all integers (an unsigned one beyond 64 signed
//! bits fails its row), floats of 16 and 32 bits, large, view and dictionary-encoded texts, datetimes of other units
//! (nanoseconds are cut off), `Date64`, and decimals of scale 0 (as int, up to 18 digits) or up to 15 digits (as float;
//! each such decimal has a float of its own); decimals with more digits must be converted with `float(..)`, which
//! rounds. A column alone is passed on as it is, whatever its type.
//!
//! # Semantics
//! Values are CPython's to the bit (a test compares them): floor `//` and `%`, correctly rounded `/`, `round` half to
//! even on the exact value, the shortest digits of a float, exact comparison of int and float, code points of texts.
//! Where the language must differ:
//!
//! - **Null is `None`.** Arithmetic, comparisons, `in` and methods on a null give null; `is None` tests for it, and so
//!   does `x == None`. A null is false in conditions, `not`, `and` and `or`, which otherwise give one of their operands
//!   as Python's do: `None and x` is null. `bool(x)` and `not x` are never null. In an f-string and in `str(x)` a null
//!   is shown as `None`; with a format specification it fails the row, as it does in Python.
//! - **A column has one type.** An int beside a float becomes a float in conditionals, `and`, `or`, `min`, `max` and
//!   lists. Of other types, `and` and `or` give the truth as a bool, and a conditional is refused. Comparing types that
//!   are never equal is refused.
//! - **Ints have 64 bits**: overflow fails the row. `x ** y` of ints is an int; a negative exponent gives a float if it
//!   is a constant, and fails the row otherwise.
//! - **Rows fail** one by one, for division by zero, overflow, an index out of range, a missing key, a text that is no
//!   number. They are reported in [`RowErrors`] and are null. A branch that is not taken cannot fail, and neither can
//!   the right side of `and` and `or`, or the rest of a chain of comparisons, where it is not asked for. A constant part
//!   that fails in a place that is always evaluated is an error of the expression.
//! - **Dates** are those of CPython's `datetime` and of dateutil; beside them, ISO 8601 literals are dates too (one
//!   without an offset is in the zone of the column). A timedelta has 64 bits of microseconds. The clock is the
//!   library's ([`Library::now`]), and the local zone is UTC.
//! - **Texts** that an operation makes are at most 16 MiB long.
//!
//! ```
//! use millstream_expr::{Expression, NoColumns, NoLibrary, Constant};
//!
//! let expression = Expression::compile("f'{7 // 2:03d}-' + 'ab'.upper()", &NoColumns, &NoLibrary)?;
//! assert_eq!(expression.constant(), Some(&Constant::Str("003-AB".to_owned())));
//! # Ok::<(), millstream_expr::CompileError>(())
//! ```

mod compile;
mod conversion;
mod errors;
mod expression;
mod format;
mod function;
mod interpreter;
mod kernels;
mod modules;
mod node;
mod parse;
mod references;
mod scope;
mod table_calls;
mod types;
mod unicode;
mod value;

pub use conversion::{Conversion, Misfit};
pub use errors::{CompileError, EvaluateError, RowErrors};
pub use expression::{Expression, RowByRow};
pub use function::{Argument, Call, CallError, CallSite, Constant, Function, Library, NoLibrary};
pub use references::{ReferencedCall, References, references};
pub use scope::{Frame, NoColumns, Scope};
pub use types::type_word;
