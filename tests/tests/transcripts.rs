//! Every story in `transcripts/` is true of the machines it names.
#![expect(clippy::expect_used, reason = "a panic here is the report of a failed test")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use smtp_tests::{Story, check};

#[test]
fn stories() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    // One story alone: STORY=server/order cargo test -p smtp-tests --test transcripts
    let wanted = std::env::var("STORY").unwrap_or_default();
    paths.retain(|path| path.to_string_lossy().contains(&wanted));
    assert!(!paths.is_empty(), "no stories in {}", root.display());
    let faults: Vec<String> = paths.iter().filter_map(|path| run(&root, path).err()).collect();
    assert!(
        faults.is_empty(),
        "{} of {} stories failed\n\n{}",
        faults.len(),
        paths.len(),
        faults.join("\n")
    );
}

fn run(root: &Path, path: &Path) -> Result<(), String> {
    let text = fs::read_to_string(path).expect("the story can be read");
    let name = path.strip_prefix(root).unwrap_or(path);
    let story = Story::parse(name, &text)?;
    std::panic::catch_unwind(|| check(&story))
        .unwrap_or_else(|_| Err(format!("{}: a panic, see above", name.display())))
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "smtp") {
            paths.push(path);
        }
    }
}
