//! Python's format mini-language, and `str()` of each type.

pub(crate) mod float;
pub(crate) mod number;
pub(crate) mod spec;
pub(crate) mod temporal;
pub(crate) mod text;

#[cfg(test)]
mod tests;

/// Where formatted text goes.
pub(crate) trait Sink {
    fn push(&mut self, text: &str);

    fn push_char(&mut self, character: char) {
        self.push(character.encode_utf8(&mut [0; 4]));
    }

    fn push_repeated(&mut self, character: char, count: usize) {
        let mut buffer = [0; 4];
        let text = character.encode_utf8(&mut buffer);
        for _ in 0..count {
            self.push(text);
        }
    }
}

impl Sink for String {
    fn push(&mut self, text: &str) {
        self.push_str(text);
    }
}

/// Buffers that are used again for each row.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) body: String,
    pub(crate) digits: String,
}
