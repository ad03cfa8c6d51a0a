//! Checks that `CHECKLIST.md` is complete, and that the files and tests in it exist.

use std::{fs, path::Path};

#[test]
fn the_checklist_is_complete_and_true() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(here.join("CHECKLIST.md")).expect("the checklist can be read");
    let rows: Vec<[&str; 3]> = list
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .filter_map(|line| line.splitn(3, " | ").collect::<Vec<_>>().try_into().ok())
        .filter(|[id, ..]: &[&str; 3]| id.len() == 4)
        .collect();
    let expected: Vec<String> = (1..=105)
        .map(|number| format!("S{number:03}"))
        .chain((1..=73).map(|number| format!("C{number:03}")))
        .collect();
    let ids: Vec<&str> = rows.iter().map(|[id, ..]| *id).collect();
    assert_eq!(ids, expected);

    for [id, asked, proof] in rows {
        assert!(
            !asked.trim().is_empty() && !proof.trim().is_empty(),
            "{id} says nothing"
        );
        let mut names = 0;
        for name in proof.split('`').skip(1).step_by(2) {
            let found = if let Some((file, test)) = name.split_once(".rs::") {
                fs::read_to_string(here.join("..").join(format!("{file}.rs")))
                    .is_ok_and(|text| text.contains(&format!("fn {test}(")))
            } else if name.contains(".smtp") {
                here.join("transcripts").join(name).exists()
            } else {
                // Something of the crate's, not a proof.
                continue;
            };
            assert!(found, "{id}: there is no {name}");
            names += 1;
        }
        let reason = [
            "the core",
            "the application",
            "queues",
            "content is",
            "MIME",
            "the verdict",
        ]
        .iter()
        .any(|why| proof.starts_with(why));
        assert!(names > 0 || reason, "{id} has neither a proof nor a reason");
    }
}
