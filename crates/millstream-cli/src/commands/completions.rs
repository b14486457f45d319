//! `millstream completions SHELL`

use clap::CommandFactory as _;
use millstream::Result;

use crate::arguments::Arguments;
use crate::terminal::print;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "millstream", &mut script);
    print(&String::from_utf8_lossy(&script))
}
