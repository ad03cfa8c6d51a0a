//! The pictures and tables of the guide (`docs/`) agree with the code.
//!
//! `just pictures` writes the files anew, after a change of the code.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is the report of a failed test"
)]

mod adapters;
mod coverage;
mod defaults;
mod replies;
mod sequences;
mod smuggling;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All stories: their names, such as `server/order/mail`, and their texts.
fn stories() -> Vec<(String, String)> {
    fn collect(folder: &Path, root: &Path, stories: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, root, stories);
            } else if path.extension().is_some_and(|extension| extension == "smtp") {
                let name = path.strip_prefix(root).expect("a story").with_extension("");
                let text = fs::read_to_string(&path).expect("the story can be read");
                stories.push((name.to_string_lossy().into_owned(), text));
            }
        }
    }
    let folder = root().join("tests/transcripts");
    let mut stories = Vec::new();
    collect(&folder, &folder, &mut stories);
    stories.sort();
    stories
}

/// The doctests of `smtp-tests` have every chapter, so that its code runs.
#[test]
fn the_code_of_every_chapter_is_tested() {
    let read = |name: &str| fs::read_to_string(root().join(name)).expect("the file can be read");
    let (summary, library) = (read("docs/src/SUMMARY.md"), read("tests/src/lib.rs"));
    let list = library.split_once("chapters! {").expect("the list of chapters").1;
    let tested: Vec<&str> = list
        .split('}')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let chapters = summary
        .lines()
        .filter_map(|line| line.split_once("](")?.1.strip_suffix(".md)"));
    for chapter in chapters.filter(|chapter| !chapter.starts_with("reference/")) {
        assert!(
            tested.contains(&chapter),
            "tests/src/lib.rs does not list the chapter {chapter}"
        );
    }
}

/// Compares a file of the guide with its source; with `GUIDE=write` in the environment, writes it.
fn hold(name: &str, text: &str) {
    let path = root().join("docs/src").join(name);
    if env::var("GUIDE").is_ok_and(|value| value == "write") {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for the file");
        fs::write(&path, text).expect("the file is written");
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/src/{name} differs from its source: run `just pictures`, and look at it\n{}",
        difference(&committed, text)
    );
}

/// The first lines that differ.
fn difference(committed: &str, text: &str) -> String {
    let differs = committed
        .lines()
        .zip(text.lines())
        .position(|(one, other)| one != other);
    let at = differs.unwrap_or_else(|| committed.lines().count().min(text.lines().count()));
    let line = |text: &str| text.lines().nth(at).unwrap_or("(end of file)").to_owned();
    format!("line {}:\n- {}\n+ {}", at + 1, line(committed), line(text))
}
