//! Every input that fuzzing has collected keeps the property of its target.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a panic here is the report of a failed test"
)]

use std::{
    collections::BTreeSet,
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use smtp_tests::properties::ALL;

#[test]
fn corpora() {
    let mut failed = Vec::new();
    for (name, property) in ALL {
        let inputs = entries(&fuzz().join("corpus").join(name));
        assert!(!inputs.is_empty(), "fuzz/corpus/{name} is empty");
        for path in inputs {
            let input = fs::read(&path).expect("the input can be read");
            if catch_unwind(|| property(&input)).is_err() {
                failed.push(path);
            }
        }
    }
    assert!(failed.is_empty(), "see above for {failed:#?}");
}

#[test]
fn each_property_has_a_target_and_a_corpus() {
    let names: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    for folder in ["corpus", "fuzz_targets"] {
        let found: BTreeSet<String> = entries(&fuzz().join(folder))
            .iter()
            .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned))
            .collect();
        assert_eq!(found, names, "fuzz/{folder}");
    }
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}
