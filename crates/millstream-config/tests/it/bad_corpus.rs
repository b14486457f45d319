//! Files that are refused, with what their author reads: `tests/bad/NAME.yaml` and `NAME.stderr` beside it.
//!
//! A file is read, planned and run, and the first error is what counts. A first line `# generate FORMAT` or `# run`
//! says what for; otherwise it is `run` where there are sinks, and `generate` of nothing where there are none. With
//! `UPDATE_SNAPSHOTS=1` in the environment the texts are written instead of compared.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use millstream_config::{Document, OutputFormat, Overrides, Purpose, plan};
use millstream_core::Error;

#[test]
fn every_bad_file_says_what_is_wrong_and_where() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() >= 45, "{} files", files.len());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut wrong = String::new();
    for path in &files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let found = match runtime.block_on(refusal(name, &text)) {
            Some(found) => format!("{}\n", found.trim_end()),
            None => "accepted\n".to_owned(),
        };
        let expected = path.with_extension("stderr");
        if update {
            std::fs::write(&expected, &found).unwrap();
        }
        let known = std::fs::read_to_string(&expected).unwrap_or_default();
        if found != known || found == "accepted\n" {
            let _ = writeln!(wrong, "== {name}\n-- expected\n{known}-- found\n{found}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The first error of a file, as the command line shows it; `None` if it runs.
async fn refusal(name: &str, text: &str) -> Option<String> {
    let document = match Document::parse(name, text, &|_| None) {
        Ok((document, _)) => document,
        Err(diagnostics) => return Some(diagnostics.to_string()),
    };
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().to_owned();
    let generate = |format| Purpose::Generate { output, format, only: None };
    let purpose = match text.lines().next().unwrap_or_default() {
        "# generate parquet" => generate(OutputFormat::Parquet),
        "# run" => Purpose::Run,
        _ if document.sinks.is_empty() => generate(OutputFormat::Noop),
        _ => Purpose::Run,
    };
    let planned = match plan(&document, &purpose, &Overrides::default()).await {
        Ok(planned) => planned,
        Err(error) => return Some(shown(&error)),
    };
    match planned.run().await {
        Err(error) => Some(shown(&error)),
        Ok(outcome) => outcome.result.err().map(|error| shown(&error)),
    }
}

fn shown(error: &Error) -> String {
    let hint = error.hint_text().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    format!("{error}{hint}")
}
