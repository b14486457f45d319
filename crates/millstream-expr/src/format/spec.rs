//! The format specification of a field: `[[fill]align][sign][#][0][width][grouping][.precision][type]`
//! (the Python library reference, "Format Specification Mini-Language").

/// Where a text stands in its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
    Centre,
    /// The padding comes between the sign and the digits.
    AfterSign,
}

/// When a number shows its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Minus,
    Plus,
    Space,
}

/// What kind of value is formatted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Int,
    Float,
    Str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) fill: char,
    pub(crate) align: Align,
    pub(crate) sign: Sign,
    pub(crate) alternate: bool,
    pub(crate) width: usize,
    pub(crate) grouping: Option<char>,
    pub(crate) precision: Option<usize>,
    pub(crate) presentation: Option<char>,
}

/// The widest field and the most digits that a format may ask for.
const MAXIMUM: usize = 1000;

impl Spec {
    /// Reads a specification for values of `subject`.
    pub(crate) fn parse(text: &str, subject: Subject) -> Result<Self, String> {
        let characters: Vec<char> = text.chars().collect();
        let mut rest = characters.as_slice();
        let mut spec = Self {
            fill: ' ',
            align: if subject == Subject::Str { Align::Left } else { Align::Right },
            sign: Sign::Minus,
            alternate: false,
            width: 0,
            grouping: None,
            precision: None,
            presentation: None,
        };

        let (mut has_fill, mut has_align) = (false, false);
        if let [fill, mark, after @ ..] = rest
            && let Some(align) = align(*mark)
        {
            (spec.fill, spec.align) = (*fill, align);
            (has_fill, has_align) = (true, true);
            rest = after;
        } else if let [mark, after @ ..] = rest
            && let Some(align) = align(*mark)
        {
            spec.align = align;
            has_align = true;
            rest = after;
        }

        let sign = match rest.first() {
            Some('+') => Some(Sign::Plus),
            Some('-') => Some(Sign::Minus),
            Some(' ') => Some(Sign::Space),
            _ => None,
        };
        if let Some(sign) = sign {
            spec.sign = sign;
            rest = &rest[1..];
        }
        if let ['z', ..] = rest {
            return Err("the format option `z` is not supported".to_owned());
        }
        if let ['#', after @ ..] = rest {
            spec.alternate = true;
            rest = after;
        }
        if let ['0', after @ ..] = rest
            && !has_fill
        {
            spec.fill = '0';
            if !has_align && subject != Subject::Str {
                spec.align = Align::AfterSign;
            }
            rest = after;
        }
        spec.width = number(&mut rest, "width")?.unwrap_or(0);
        if let [mark @ (',' | '_'), after @ ..] = rest {
            spec.grouping = Some(*mark);
            rest = after;
        }
        if let ['.', after @ ..] = rest {
            rest = after;
            spec.precision =
                Some(number(&mut rest, "precision")?.ok_or("a number must follow the point of the format")?);
        }
        match rest {
            [] => {}
            [presentation] => spec.presentation = Some(*presentation),
            _ => return Err(format!("`{text}` is not a format")),
        }
        spec.check(subject, sign.is_some())?;
        Ok(spec)
    }

    fn check(&self, subject: Subject, signed: bool) -> Result<(), String> {
        let word = match subject {
            Subject::Int => "int",
            Subject::Float => "float",
            Subject::Str => "str",
        };
        let known = match subject {
            Subject::Int => "dboxXeEfFgG%",
            Subject::Float => "eEfFgG%",
            Subject::Str => "s",
        };
        if let Some(presentation) = self.presentation
            && !known.contains(presentation)
        {
            return Err(format!("a value of type {word} has no format `{presentation}`"));
        }
        let refused = match subject {
            Subject::Str if signed => "a sign",
            Subject::Str if self.alternate => "the option `#`",
            Subject::Str if self.grouping.is_some() => "a separator of thousands",
            Subject::Str if self.align == Align::AfterSign => "the alignment `=`",
            Subject::Int if self.is_integral() && self.precision.is_some() => "a precision",
            Subject::Int | Subject::Float if self.alternate && !self.is_integral() => "the option `#`",
            Subject::Float if self.alternate => "the option `#`",
            Subject::Int
                if self.grouping == Some(',') && matches!(self.presentation, Some('b' | 'o' | 'x' | 'X')) =>
            {
                "a comma in that base"
            }
            _ => return Ok(()),
        };
        Err(format!("the format of a value of type {word} cannot have {refused}"))
    }

    /// Whether an int is shown as one (and not as a float).
    pub(crate) fn is_integral(&self) -> bool {
        matches!(self.presentation, None | Some('d' | 'b' | 'o' | 'x' | 'X'))
    }
}

fn align(mark: char) -> Option<Align> {
    Some(match mark {
        '<' => Align::Left,
        '>' => Align::Right,
        '^' => Align::Centre,
        '=' => Align::AfterSign,
        _ => return None,
    })
}

/// Takes a decimal number off the front.
fn number(rest: &mut &[char], what: &str) -> Result<Option<usize>, String> {
    let count = rest.iter().take_while(|character| character.is_ascii_digit()).count();
    if count == 0 {
        return Ok(None);
    }
    let digits: String = rest[..count].iter().collect();
    *rest = &rest[count..];
    match digits.parse() {
        Ok(value) if value <= MAXIMUM => Ok(Some(value)),
        _ => Err(format!("the {what} of a format is at most {MAXIMUM}")),
    }
}
