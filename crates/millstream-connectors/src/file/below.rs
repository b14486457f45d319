//! Output paths stay below the declared output folder (S-83).

use std::path::{Path, PathBuf};

use millstream_core::{Error, Result};

/// The path of the file or folder `name` in `folder`. A name that comes from data or configuration could point
/// elsewhere; whatever is more than one plain name is refused.
///
/// # Errors
/// A config error for an empty name, `.`, `..`, a name with a separator of any platform, a drive, or a control
/// character.
pub fn resolve_below(folder: &Path, name: &str) -> Result<PathBuf> {
    let complaint = if name.is_empty() {
        "is empty"
    } else if name == "." || name == ".." {
        "names a folder, not something in it"
    } else if name.contains(['/', '\\']) {
        "contains a path separator"
    } else if name.contains(':') {
        "contains a colon, which names a drive or a stream on some systems"
    } else if name.chars().any(char::is_control) {
        "contains a control character"
    } else if name.len() > 200 {
        "is longer than 200 bytes"
    } else {
        return Ok(folder.join(name));
    };
    Err(Error::config(format!("the name {name:?} cannot be used below {}: it {complaint}", folder.display()))
        .hint("rename the stream: letters, digits, `_`, `-` and `.` are always fine"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_names_pass_and_ways_out_do_not() {
        let folder = Path::new("out");
        assert_eq!(resolve_below(folder, "orders.v2").unwrap(), Path::new("out/orders.v2"));
        for name in ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", "C:x", "a\0b", "a\nb"] {
            let error = resolve_below(folder, name).unwrap_err();
            assert_eq!(error.kind(), millstream_core::ErrorKind::Config, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_passes_is_a_direct_child(name in any::<String>()) {
            let folder = Path::new("/out/lake");
            if let Ok(path) = resolve_below(folder, &name) {
                prop_assert_eq!(path.parent(), Some(folder));
                prop_assert_eq!(path.file_name().and_then(|n| n.to_str()), Some(name.as_str()));
            }
        }
    }
}
