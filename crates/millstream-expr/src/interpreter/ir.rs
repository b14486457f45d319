//! The program of a row: names are places, calls are of known kinds, and nothing is looked up while it runs.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::DataType;

use super::Operator;
use super::builtins::Builtin;
use crate::format::spec::Spec;
use crate::function::Library;
use crate::node::Node;

/// A value that is written in the source. Programs are shared by threads; values are not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Arc<str>),
    Bytes(Arc<[u8]>),
    Tuple(Arc<[Literal]>),
    /// Of places where it is only looked into: it is shared by all rows.
    List(Arc<[Literal]>),
    Set(Arc<[Literal]>),
    Dict(Arc<[(Literal, Literal)]>),
    /// A constant of a module, by its path.
    Module(Arc<str>),
}

/// A part of a program, and where it stands in the source.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) kind: Kind,
    pub(crate) range: (u32, u32),
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// A value of the pool.
    Constant(usize),
    /// A local variable; where it has no value yet, the column of the same name.
    Local(usize, Option<Box<Part>>),
    /// A column of the frame, or a call that is made for all rows at once.
    Input(usize),
    /// A function, a type or a method of a type, as a value.
    Callable(CallableName),
    Negate(Box<Part>),
    Plus(Box<Part>),
    Invert(Box<Part>),
    Not(Box<Part>),
    Binary(Operator, Box<(Part, Part)>),
    Compare(Box<Part>, Vec<(Comparison, Part)>),
    And(Vec<Part>),
    Or(Vec<Part>),
    Conditional(Box<(Part, Part, Part)>),
    List(Vec<Item>),
    Tuple(Vec<Item>),
    Set(Vec<Item>),
    /// Without a key: `**value`.
    Dict(Vec<(Option<Part>, Part)>),
    Text(Vec<Piece>),
    Subscript(Box<(Part, Part)>),
    Slice(Box<(Part, [Option<Part>; 3])>),
    Attribute(Box<Part>, Arc<str>),
    Builtin(Builtin, Parts),
    Method(Box<Part>, Arc<str>, Parts),
    /// A function of a module, by its path.
    Module(Arc<str>, Parts),
    /// A function of the library with arguments that only the row knows.
    Library(usize, Parts),
    /// A call of a value.
    Call(Box<Part>, Parts),
    Comprehension(Box<Comprehension>),
    Lambda(usize),
    /// `name := value`
    Named(usize, Box<Part>),
}

/// A function by its name.
#[derive(Debug, Clone)]
pub(crate) enum CallableName {
    Builtin(Builtin),
    Unbound(&'static str, Arc<str>),
    Module(Arc<str>),
}

/// An item of a display or an argument; `*items` if spread.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) part: Part,
    pub(crate) spread: bool,
}

/// The arguments of a call; a keyword without a name is `**dict`.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) positional: Vec<Item>,
    pub(crate) keywords: Vec<(Option<Arc<str>>, Part)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Is,
    IsNot,
}

/// A piece of an f-string.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub(crate) enum Piece {
    Literal(Arc<str>),
    Field(Part, Conversion, Format),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversion {
    None,
    Str,
    Repr,
    Ascii,
}

#[derive(Debug)]
pub(crate) enum Format {
    Plain,
    /// A specification without fields, read once for each kind of value that it fits.
    Fixed(FixedFormat),
    /// A specification with fields of its own.
    Nested(Vec<Piece>),
}

#[derive(Debug)]
pub(crate) struct FixedFormat {
    pub(crate) text: Arc<str>,
    pub(crate) int: Option<Spec>,
    pub(crate) float: Option<Spec>,
    pub(crate) text_spec: Option<Spec>,
}

#[derive(Debug)]
pub(crate) struct Comprehension {
    pub(crate) shape: Shape,
    pub(crate) element: Part,
    /// The value of a dict's item, whose key is `element`.
    pub(crate) value: Option<Part>,
    pub(crate) clauses: Vec<Clause>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    List,
    Set,
    Dict,
    Generator,
}

/// `for target in items if test if test`
#[derive(Debug)]
pub(crate) struct Clause {
    pub(crate) target: Target,
    pub(crate) items: Part,
    pub(crate) tests: Vec<Part>,
}

/// What is assigned to.
#[derive(Debug)]
pub(crate) enum Target {
    Local(usize),
    /// The targets, and which of them takes the rest (`*rest`).
    Unpack(Vec<Target>, Option<usize>),
    Subscript(Box<(Part, Part)>),
    Slice(Box<(Part, [Option<Part>; 3])>),
}

#[derive(Debug)]
pub(crate) enum Statement {
    Expression(Part),
    Assign(Vec<Target>, Part),
    Augment(Target, Operator, Part, (u32, u32)),
    If(Vec<(Part, Vec<Statement>)>, Vec<Statement>),
    For(Target, Part, Vec<Statement>, Vec<Statement>),
    While(Part, Vec<Statement>, Vec<Statement>),
    Return(Option<Part>),
    Break,
    Continue,
    Delete(Vec<Target>),
    Raise(Arc<str>, Option<Part>),
    Assert(Part, Option<Part>),
    Try(Vec<Statement>, Vec<Handler>, Vec<Statement>, Vec<Statement>),
    Define(usize, usize),
}

/// `except A, B as name:`; of everything if it names nothing.
#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) kinds: Option<Vec<Arc<str>>>,
    pub(crate) name: Option<usize>,
    pub(crate) body: Vec<Statement>,
}

/// A lambda or a `def`. Its parameters and variables are places of their own.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: Arc<str>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) rest: Option<usize>,
    /// The places that are its own.
    pub(crate) locals: Range<usize>,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: Arc<str>,
    pub(crate) place: usize,
    pub(crate) default: Option<Part>,
    pub(crate) by_position: bool,
}

#[derive(Debug)]
pub(crate) enum Body {
    Expression(Part),
    Block(Vec<Statement>),
}

/// What a program reads for all rows at once.
#[derive(Debug)]
pub(crate) enum Input {
    Column {
        position: usize,
        data_type: DataType,
        nullable: bool,
    },
    /// A part that is evaluated column by column when the first row asks for it.
    Hoisted {
        node: Node,
    },
}

/// A call of the library that is resolved when a row makes it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) path: String,
    pub(crate) ordinal: u64,
    /// The texts of the arguments.
    pub(crate) sources: Vec<String>,
}

/// A compiled program.
pub(crate) struct Program {
    pub(crate) constants: Vec<Literal>,
    pub(crate) functions: Vec<Function>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) sites: Vec<Site>,
    /// The names of the places.
    pub(crate) locals: Vec<Arc<str>>,
    pub(crate) body: Body,
    /// Resolves the calls of `sites`.
    pub(crate) library: Option<Arc<dyn Library>>,
    /// The run's clock, in microseconds since the Unix epoch.
    pub(crate) now: Option<i64>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Program")
            .field("body", &self.body)
            .field("inputs", &self.inputs)
            .finish_non_exhaustive()
    }
}
