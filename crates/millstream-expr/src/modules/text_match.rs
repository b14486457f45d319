//! What `re.match` and its like give.

use std::ops::Range;
use std::rc::Rc;

/// A match of a pattern in a text.
#[derive(Debug, Clone)]
pub(crate) struct Match {
    pub(crate) text: Rc<str>,
    /// The bytes of each group, the whole first; `None` for a group that took no part.
    pub(crate) groups: Vec<Option<Range<usize>>>,
    /// The names of the groups.
    pub(crate) names: Vec<Option<Rc<str>>>,
}
