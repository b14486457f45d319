//! Random well-typed expressions, as a tree that can be written down.

use std::fmt::Write;

use proptest::prelude::*;

/// A type of the generated expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Int,
    Float,
    Str,
    Bool,
}

/// An expression.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    Int(i64),
    Float(f64),
    Str(String),
    Bool(bool),
    Column(&'static str),
    Unary(&'static str, Box<Tree>),
    Binary(&'static str, Box<Tree>, Box<Tree>),
    /// Comparisons, with an operator between each two operands.
    Chain(Vec<Tree>, Vec<&'static str>),
    Conditional(Box<Tree>, Box<Tree>, Box<Tree>),
    IsNone(Box<Tree>, bool),
    In(Box<Tree>, Vec<Tree>, bool),
    Contains(Box<Tree>, Box<Tree>),
    /// Literal texts, each followed by a field with a format.
    Format(Vec<(String, Tree, String)>),
    Index(Box<Tree>, Box<Tree>),
    Slice(Box<Tree>, [Option<i64>; 3]),
    Method(&'static str, Box<Tree>, Vec<Tree>),
    Call(&'static str, Vec<Tree>),
    SplitItem(Box<Tree>, String, i64),
    ListItem(Vec<Tree>, Box<Tree>),
}

/// The columns of each type.
pub(crate) fn columns(type_: Type) -> [&'static str; 2] {
    match type_ {
        Type::Int => ["i", "j"],
        Type::Float => ["f", "g"],
        Type::Str => ["s", "t"],
        Type::Bool => ["b", "c"],
    }
}

impl Tree {
    /// The expression in the language. `python`: for CPython before 3.12, where f-strings cannot hold each other, with
    /// calls of `format` in place of them.
    pub(crate) fn source(&self, python: bool) -> String {
        let sources =
            |trees: &[Self]| trees.iter().map(|tree| tree.source(python)).collect::<Vec<_>>().join(", ");
        match self {
            Self::Int(value) if *value < 0 => format!("({value})"),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => format!("({value:?})"),
            Self::Str(text) => quote(text),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Column(name) => (*name).to_owned(),
            Self::Unary(operator, operand) => format!("({operator} {})", operand.source(python)),
            Self::Binary(operator, left, right) => {
                format!("({} {operator} {})", left.source(python), right.source(python))
            }
            Self::Chain(operands, operators) => {
                let mut text = format!("({}", operands[0].source(python));
                for (operator, operand) in operators.iter().zip(&operands[1..]) {
                    let _ = write!(text, " {operator} {}", operand.source(python));
                }
                text + ")"
            }
            Self::Conditional(test, then, otherwise) => {
                format!(
                    "({} if {} else {})",
                    then.source(python),
                    test.source(python),
                    otherwise.source(python)
                )
            }
            Self::IsNone(operand, negated) => {
                format!("({} {} None)", operand.source(python), if *negated { "is not" } else { "is" })
            }
            Self::In(operand, items, negated) => {
                let operator = if *negated { "not in" } else { "in" };
                format!("({} {operator} [{}])", operand.source(python), sources(items))
            }
            Self::Contains(needle, text) => format!("({} in {})", needle.source(python), text.source(python)),
            Self::Format(fields) if python => {
                let mut text = "''.join([".to_owned();
                for (literal, field, format) in fields {
                    let _ =
                        write!(text, "{}, format({}, '{format}'), ", quote(literal), field.source(python));
                }
                text + "])"
            }
            Self::Format(fields) => {
                // Fields are parenthesised: a conversion or a format must not be seen in them.
                let mut text = "f\"\"\"".to_owned();
                for (literal, field, format) in fields {
                    let colon = if format.is_empty() { "" } else { ":" };
                    let _ = write!(text, "{literal}{{({}){colon}{format}}}", field.source(python));
                }
                text + "\"\"\""
            }
            Self::Index(text, index) => format!("{}[{}]", text.source(python), index.source(python)),
            Self::Slice(text, bounds) => {
                let bounds = bounds.map(|bound| bound.map(|bound| bound.to_string()).unwrap_or_default());
                format!("{}[{}:{}:{}]", text.source(python), bounds[0], bounds[1], bounds[2])
            }
            Self::Method(name, text, arguments) => {
                format!("{}.{name}({})", text.source(python), sources(arguments))
            }
            Self::Call(name, arguments) => format!("{name}({})", sources(arguments)),
            Self::SplitItem(text, separator, index) => {
                format!("{}.split({})[{index}]", text.source(python), quote(separator))
            }
            Self::ListItem(items, index) => format!("[{}][{}]", sources(items), index.source(python)),
        }
    }
}

/// With escapes for everything that is not plain, and no quotes or braces inside that f-strings would trip over.
fn quote(text: &str) -> String {
    let mut quoted = "'".to_owned();
    for character in text.chars() {
        match character {
            ' '..='~' if !"'\"\\{}".contains(character) => quoted.push(character),
            character => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(character));
            }
        }
    }
    quoted + "'"
}

/// Texts with what trips over: other lengths of bytes, white space, case without a pair, separators.
pub(crate) fn text() -> BoxedStrategy<String> {
    prop::collection::vec(
        prop::sample::select(vec!["a", "B", "z", "-", ",", " ", "1", "0", "é", "ß", "Σ", "日", "😀", "\t"]),
        0..7,
    )
    .prop_map(|parts| parts.concat())
    .boxed()
}

pub(crate) fn int() -> BoxedStrategy<i64> {
    prop_oneof![6 => -12_i64..13, 2 => -100_000_i64..100_000, 1 => Just(0)].boxed()
}

pub(crate) fn float() -> BoxedStrategy<f64> {
    prop_oneof![
        4 => (-4000_i32..4000).prop_map(|value| f64::from(value) / 8.0),
        2 => (-100_000_i32..100_000).prop_map(|value| f64::from(value) / 1000.0),
        1 => Just(0.0),
        1 => Just(-0.0),
        1 => (any::<i32>(), -12_i32..20).prop_map(|(value, power)| f64::from(value) * 10_f64.powi(power)),
    ]
    .boxed()
}

/// Expressions of a type. Without `nulls`, only what CPython can evaluate to the same type.
pub(crate) fn tree(type_: Type, depth: u32, nulls: bool) -> BoxedStrategy<Tree> {
    let leaf = leaf(type_);
    if depth == 0 {
        return leaf;
    }
    let of = |type_| tree(type_, depth - 1, nulls);
    let boxed = |type_| of(type_).prop_map(Box::new);
    let same = (boxed(type_), boxed(type_));
    let chosen = (boxed(Type::Bool), boxed(type_), boxed(type_))
        .prop_map(|(test, then, otherwise)| Tree::Conditional(test, then, otherwise));
    let logical = (prop::sample::select(vec!["and", "or"]), same)
        .prop_map(|(operator, (left, right))| Tree::Binary(operator, left, right));
    let listed = (prop::collection::vec(of(type_), 1..4), boxed(Type::Int)).prop_map(|(items, index)| {
        Tree::ListItem(items, Box::new(Tree::Binary("%", index, Box::new(Tree::Int(3)))))
    });
    let own = match type_ {
        Type::Int => int_tree(depth, nulls),
        Type::Float => float_tree(depth, nulls),
        Type::Str => text_tree(depth, nulls),
        Type::Bool => bool_tree(depth, nulls),
    };
    prop_oneof![2 => leaf, 8 => own, 1 => chosen, 1 => logical, 1 => listed].boxed()
}

fn leaf(type_: Type) -> BoxedStrategy<Tree> {
    let column = prop::sample::select(columns(type_).to_vec()).prop_map(Tree::Column);
    let literal = match type_ {
        Type::Int => int().prop_map(Tree::Int).boxed(),
        Type::Float => float().prop_map(Tree::Float).boxed(),
        Type::Str => text().prop_map(Tree::Str).boxed(),
        Type::Bool => any::<bool>().prop_map(Tree::Bool).boxed(),
    };
    prop_oneof![3 => column, 2 => literal].boxed()
}

fn int_tree(depth: u32, nulls: bool) -> BoxedStrategy<Tree> {
    let boxed = |type_| tree(type_, depth - 1, nulls).prop_map(Box::new);
    let of = |type_| tree(type_, depth - 1, nulls);
    let search = |name| {
        (boxed(Type::Str), of(Type::Str)).prop_map(move |(text, sub)| Tree::Method(name, text, vec![sub]))
    };
    prop_oneof![
        6 => (prop::sample::select(vec!["+", "-", "*", "//", "%"]), boxed(Type::Int), boxed(Type::Int))
            .prop_map(|(operator, left, right)| Tree::Binary(operator, left, right)),
        1 => (boxed(Type::Int), 0_i64..4)
            .prop_map(|(base, power)| Tree::Binary("**", base, Box::new(Tree::Int(power)))),
        1 => boxed(Type::Int).prop_map(|operand| Tree::Unary("-", operand)),
        1 => of(Type::Int).prop_map(|operand| Tree::Call("abs", vec![operand])),
        1 => of(Type::Float).prop_map(|operand| Tree::Call("round", vec![operand])),
        1 => of(Type::Float).prop_map(|operand| Tree::Call("int", vec![operand])),
        1 => of(Type::Bool).prop_map(|operand| Tree::Call("int", vec![operand])),
        1 => of(Type::Str).prop_map(|operand| Tree::Call("int", vec![operand])),
        1 => of(Type::Str).prop_map(|operand| Tree::Call("len", vec![operand])),
        1 => (of(Type::Int), -3_i64..2).prop_map(|(value, digits)| Tree::Call("round", vec![value, Tree::Int(digits)])),
        1 => search("find"),
        1 => search("count"),
        1 => (prop::sample::select(vec!["min", "max"]), of(Type::Int), of(Type::Int))
            .prop_map(|(name, left, right)| Tree::Call(name, vec![left, right])),
    ]
    .boxed()
}

fn float_tree(depth: u32, nulls: bool) -> BoxedStrategy<Tree> {
    let boxed = |type_| tree(type_, depth - 1, nulls).prop_map(Box::new);
    let of = |type_| tree(type_, depth - 1, nulls);
    let arithmetic = || prop::sample::select(vec!["+", "-", "*", "/", "//", "%"]);
    prop_oneof![
        4 => (arithmetic(), boxed(Type::Float), boxed(Type::Float))
            .prop_map(|(operator, left, right)| Tree::Binary(operator, left, right)),
        2 => (arithmetic(), boxed(Type::Float), boxed(Type::Int))
            .prop_map(|(operator, left, right)| Tree::Binary(operator, left, right)),
        1 => (boxed(Type::Int), boxed(Type::Int)).prop_map(|(left, right)| Tree::Binary("/", left, right)),
        1 => boxed(Type::Float).prop_map(|operand| Tree::Unary("-", operand)),
        1 => of(Type::Float).prop_map(|operand| Tree::Call("abs", vec![operand])),
        1 => of(Type::Int).prop_map(|operand| Tree::Call("float", vec![operand])),
        1 => of(Type::Str).prop_map(|operand| Tree::Call("float", vec![operand])),
        3 => (of(Type::Float), -4_i64..9).prop_map(|(value, digits)| Tree::Call("round", vec![value, Tree::Int(digits)])),
        1 => (prop::sample::select(vec!["min", "max"]), of(Type::Float), of(Type::Float))
            .prop_map(|(name, left, right)| Tree::Call(name, vec![left, right])),
    ]
    .boxed()
}

fn text_tree(depth: u32, nulls: bool) -> BoxedStrategy<Tree> {
    let boxed = |type_| tree(type_, depth - 1, nulls).prop_map(Box::new);
    let of = |type_| tree(type_, depth - 1, nulls);
    let method = |name: &'static str, count: usize| {
        (boxed(Type::Str), prop::collection::vec(of(Type::Str), count))
            .prop_map(move |(text, arguments)| Tree::Method(name, text, arguments))
    };
    let bound = || prop::option::of(-5_i64..6);
    let plain = prop::sample::select(vec![
        "lower",
        "upper",
        "title",
        "capitalize",
        "swapcase",
        "strip",
        "lstrip",
        "rstrip",
    ]);
    let padded = prop::sample::select(vec!["zfill", "ljust", "rjust", "center"]);
    prop_oneof![
        3 => (boxed(Type::Str), boxed(Type::Str)).prop_map(|(left, right)| Tree::Binary("+", left, right)),
        3 => (plain, boxed(Type::Str)).prop_map(|(name, text)| Tree::Method(name, text, vec![])),
        1 => prop_oneof![method("strip", 1), method("lstrip", 1), method("rstrip", 1)],
        1 => method("replace", 2),
        1 => prop_oneof![method("removeprefix", 1), method("removesuffix", 1)],
        1 => (padded, boxed(Type::Str), -1_i64..9)
            .prop_map(|(name, text, width)| Tree::Method(name, text, vec![Tree::Int(width)])),
        2 => (boxed(Type::Str), boxed(Type::Int)).prop_map(|(text, index)| Tree::Index(text, index)),
        3 => (boxed(Type::Str), bound(), bound(), prop::option::of(prop_oneof![1_i64..3, -3_i64..0]))
            .prop_map(|(text, start, stop, step)| Tree::Slice(text, [start, stop, step])),
        1 => (boxed(Type::Str), prop::sample::select(vec!["-", ",", "aa", "é"]), -3_i64..3)
            .prop_map(|(text, separator, index)| Tree::SplitItem(text, separator.to_owned(), index)),
        1 => (boxed(Type::Str), 0_i64..4).prop_map(|(text, count)| Tree::Binary("*", text, Box::new(Tree::Int(count)))),
        2 => prop_oneof![of(Type::Int), of(Type::Float), of(Type::Str), of(Type::Bool)]
            .prop_map(|operand| Tree::Call("str", vec![operand])),
        4 => prop::collection::vec(field(depth, nulls), 1..4).prop_map(Tree::Format),
    ]
    .boxed()
}

fn field(depth: u32, nulls: bool) -> BoxedStrategy<(String, Tree, String)> {
    let of = |type_| tree(type_, depth - 1, nulls);
    // The naive model knows few formats; CPython knows them all.
    let formatted = |type_, formats: &'static [&'static str]| {
        let formats = if nulls { &formats[..formats.len().min(3)] } else { formats };
        (of(type_), prop::sample::select(formats)).prop_map(|(tree, format)| (tree, format.to_owned()))
    };
    let field = prop_oneof![
        formatted(
            Type::Int,
            &["", "03d", ">6", "d", ",", "+d", "<6d", "^7", "08,", "x", "#b", "_", " ", ".1f", "e", "=+7"]
        ),
        formatted(
            Type::Float,
            &[
                "", ".2f", ".0f", "f", "8.3f", "+.1f", "08.2f", ",.2f", ".3e", "g", ".3g", ".1%", "%", ">12",
                "<12", "e", ".4", "010,.1f"
            ]
        ),
        formatted(Type::Str, &["", ">8", ".2", "<8", "^8", "*^9", "s", "6.3", "03"]),
        formatted(Type::Bool, if nulls { &[""] } else { &["", "d", ">6", "03"] }),
    ];
    (prop::sample::select(vec!["", "a-", "é: "]), field)
        .prop_map(|(literal, (tree, format))| (literal.to_owned(), tree, format))
        .boxed()
}

fn bool_tree(depth: u32, nulls: bool) -> BoxedStrategy<Tree> {
    let boxed = |type_| tree(type_, depth - 1, nulls).prop_map(Box::new);
    let of = |type_| tree(type_, depth - 1, nulls);
    let operator = || prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let numbers = || prop_oneof![of(Type::Int), of(Type::Float)];
    let compared = prop_oneof![
        (of(Type::Str), of(Type::Str), of(Type::Str)),
        (numbers(), numbers(), numbers()),
        (of(Type::Bool), of(Type::Bool), of(Type::Bool)),
    ];
    let any_tree = prop_oneof![of(Type::Int), of(Type::Float), of(Type::Str), of(Type::Bool)];
    let list = |type_: Type| match type_ {
        Type::Int => prop::collection::vec(
            prop_oneof![int().prop_map(Tree::Int), float().prop_map(Tree::Float)],
            0..12,
        )
        .boxed(),
        Type::Float => prop::collection::vec(float().prop_map(Tree::Float), 0..12).boxed(),
        _ => prop::collection::vec(text().prop_map(Tree::Str), 0..12).boxed(),
    };
    let member = |type_: Type| {
        (boxed(type_), list(type_), any::<bool>())
            .prop_map(|(operand, items, negated)| Tree::In(operand, items, negated))
    };
    prop_oneof![
        4 => (compared.clone(), operator())
            .prop_map(|((left, right, _), operator)| Tree::Chain(vec![left, right], vec![operator])),
        2 => (compared, operator(), operator())
            .prop_map(|((first, second, third), left, right)| Tree::Chain(vec![first, second, third], vec![left, right])),
        2 => any_tree.clone().prop_map(|operand| Tree::Unary("not", Box::new(operand))),
        1 => any_tree.clone().prop_map(|operand| Tree::Call("bool", vec![operand])),
        1 => (any_tree, any::<bool>()).prop_map(|(operand, negated)| Tree::IsNone(Box::new(operand), negated)),
        2 => prop_oneof![member(Type::Int), member(Type::Float), member(Type::Str)],
        1 => (boxed(Type::Str), boxed(Type::Str)).prop_map(|(needle, text)| Tree::Contains(needle, text)),
        1 => (prop::sample::select(vec!["startswith", "endswith"]), boxed(Type::Str), of(Type::Str))
            .prop_map(|(name, text, affix)| Tree::Method(name, text, vec![affix])),
        1 => (prop::sample::select(vec!["isdigit", "isalpha"]), boxed(Type::Str))
            .prop_map(|(name, text)| Tree::Method(name, text, vec![])),
    ]
    .boxed()
}
