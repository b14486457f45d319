//! Paths and globs to files.

use std::path::{Component, Path, PathBuf};

use glob::MatchOptions;
use millstream_core::{Error, Result};

use super::super::disk::names_in;
use crate::failure::source_error;

/// How alike a name must be to be suggested, from 0 to 1.
const ALIKE: f64 = 0.6;
/// How many names a hint shows.
const SHOWN: usize = 3;

/// The files that `paths` (each a path or a glob) stand for: sorted by path, each once. Hidden files match a glob only
/// if it names the dot: what a sink has staged is none of our business.
pub(super) fn expand(paths: &[String]) -> Result<Vec<PathBuf>> {
    if paths.is_empty() {
        return Err(Error::config("no file to read").hint("give a path or a glob, such as data/*.csv"));
    }
    let mut files = Vec::new();
    for path in paths {
        if Path::new(path).exists() {
            files.push(PathBuf::from(path));
        } else if path.contains(['*', '?', '[']) {
            files.extend(matches(path)?);
        } else {
            return Err(missing(path));
        }
    }
    for file in &mut files {
        if let Ok(rest) = file.strip_prefix(Component::CurDir) {
            *file = rest.to_path_buf();
        }
        check(file)?;
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn matches(pattern: &str) -> Result<Vec<PathBuf>> {
    let options = MatchOptions {
        require_literal_separator: true,
        require_literal_leading_dot: true,
        ..MatchOptions::new()
    };
    let found = glob::glob_with(pattern, options).map_err(|error| {
        Error::config(format!("{pattern:?} is no valid glob"))
            .caused_by(error)
            .hint("`*`, `?`, `[a-z]` and `**` are special; write `[*]` for a star in a name")
    })?;
    let mut files = Vec::new();
    for path in found {
        let path = path.map_err(|error| {
            let path = error.path().to_path_buf();
            source_error("list", &path, error.into())
        })?;
        if !path.is_dir() {
            files.push(path);
        }
    }
    if files.is_empty() {
        let folder = fixed_folder(pattern);
        return Err(Error::source(format!("no file matches {pattern}")).hint(contents(&folder)));
    }
    Ok(files)
}

/// The folder above the first special character of a glob.
fn fixed_folder(pattern: &str) -> PathBuf {
    let fixed = pattern.split(['*', '?', '[']).next().unwrap_or_default();
    match fixed.rfind(std::path::is_separator) {
        Some(end) => PathBuf::from(&fixed[..=end]),
        None => PathBuf::from("."),
    }
}

fn check(file: &Path) -> Result<()> {
    let metadata = std::fs::metadata(file).map_err(|error| source_error("look at", file, error))?;
    if metadata.is_dir() {
        return Err(Error::source(format!("{} is a folder", file.display()))
            .hint(format!("name the files in it: {}", file.join("*.csv").display())));
    }
    if !metadata.is_file() {
        return Err(Error::source(format!(
            "{} is no regular file: it can be read only once, and a source reads twice to infer types and to resume",
            file.display()
        ))
        .hint("save it to a file first"));
    }
    Ok(())
}

fn missing(path: &str) -> Error {
    let error = Error::source(format!("{path} does not exist"));
    let path = Path::new(path);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return error.hint(format!("there is no folder {} either", folder.display()));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mut alike: Vec<(f64, String)> = names_in(folder)
        .unwrap_or_default()
        .into_iter()
        .map(|other| (strsim::normalized_damerau_levenshtein(&name, &other.to_lowercase()), other))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    if alike.is_empty() {
        return error.hint(contents(folder));
    }
    let alike = alike.into_iter().take(SHOWN).map(|(_, name)| path.with_file_name(name));
    let alike: Vec<String> = alike.map(|path| path.display().to_string()).collect();
    error.hint(format!("did you mean {}?", alike.join(" or ")))
}

/// What is in a folder, in a few words.
fn contents(folder: &Path) -> String {
    let shown = folder.display();
    if !folder.is_dir() {
        return format!("there is no folder {shown}");
    }
    let mut names = names_in(folder).unwrap_or_default();
    names.retain(|name| !name.starts_with('.'));
    match names.len() {
        0 => format!("the folder {shown} is empty"),
        count if count <= SHOWN => format!("the folder {shown} holds {}", names.join(", ")),
        count => format!("the folder {shown} holds {} and {} more", names[..SHOWN].join(", "), count - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        folder
    }

    #[test]
    fn globs_and_paths_are_sorted_and_each_file_comes_once() {
        let folder = folder(&["b.csv", "a.csv", ".a.csv.staged", ".hidden.csv", "c.txt", "x[1].csv"]);
        std::fs::create_dir(folder.path().join("d.csv")).unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let files = expand(&[at("c.txt"), at("*.csv"), at("a.csv"), at("x[1].csv")]).unwrap();
        let names: Vec<_> = files.iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.csv", "b.csv", "c.txt", "x[1].csv"]);
    }

    #[test]
    fn a_missing_file_suggests_its_neighbours() {
        let folder = folder(&["flights.csv", "weather.csv"]);
        let at = |name: &str| folder.path().join(name).display().to_string();
        let error = expand(&[at("flihgts.csv")]).unwrap_err();
        assert!(error.to_string().ends_with("flihgts.csv does not exist"), "{error}");
        let hint = error.hint_text().unwrap();
        assert!(hint.starts_with("did you mean ") && hint.ends_with("/flights.csv?"), "{hint}");
        let error = expand(&[at("unrelated.parquet")]).unwrap_err();
        assert!(error.hint_text().unwrap().ends_with("holds flights.csv, weather.csv"));
        let error = expand(&[at("nowhere/x.csv")]).unwrap_err();
        assert!(error.hint_text().unwrap().starts_with("there is no folder"));
    }

    #[test]
    fn a_glob_without_a_match_says_so() {
        let folder = folder(&["a.csv"]);
        let pattern = folder.path().join("*.jsonl").display().to_string();
        let error = expand(std::slice::from_ref(&pattern)).unwrap_err();
        assert_eq!(error.to_string(), format!("no file matches {pattern}"));
        assert!(error.hint_text().unwrap().ends_with("holds a.csv"));
        assert_eq!(error.kind(), millstream_core::ErrorKind::Source);
    }

    #[test]
    fn a_folder_and_no_path_at_all_are_refused() {
        let folder = folder(&[]);
        let error = expand(&[folder.path().display().to_string()]).unwrap_err();
        assert!(error.to_string().ends_with("is a folder"), "{error}");
        assert_eq!(expand(&[]).unwrap_err().kind(), millstream_core::ErrorKind::Config);
    }
}
