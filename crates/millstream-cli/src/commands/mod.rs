//! The verbs, one file each.

pub(crate) mod check;
pub(crate) mod compact;
pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod init;
pub(crate) mod preview;
pub(crate) mod providers;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod validate;
