//! State diagrams of the machines, drawn from their tables.
//!
//! A test compares each committed picture with its table. `just diagrams` draws the pictures anew.

use std::{
    collections::BTreeMap,
    env, format, fs,
    path::{Path, PathBuf},
    string::{String, ToString},
    vec::Vec,
};

/// A state diagram: the initial state, and the moves between states in the order of their table.
pub(crate) struct Diagram {
    name: &'static str,
    initial: String,
    moves: Vec<(String, String, String)>,
}

impl Diagram {
    /// A diagram without moves. Its files are `docs/NAME.mmd` and `docs/NAME.svg`.
    pub(crate) fn new(name: &'static str, initial: impl ToString) -> Self {
        Self {
            name,
            initial: initial.to_string(),
            moves: Vec::new(),
        }
    }

    /// Adds a move. Moves between the same two states share one arrow.
    pub(crate) fn add(&mut self, from: impl ToString, label: impl ToString, to: impl ToString) {
        let label = label.to_string();
        let (from, to) = (from.to_string(), to.to_string());
        let arrow = self.moves.iter_mut().find(|(a, _, b)| *a == from && *b == to);
        match arrow {
            Some((_, labels, _)) if labels.split(", ").any(|known| known == label) => {}
            Some((_, labels, _)) => *labels = format!("{labels}, {label}"),
            None => self.moves.push((from, label, to)),
        }
    }

    /// Compares the committed pictures with the table. With `DIAGRAMS=write` in the environment, writes the Mermaid file,
    /// and the source of the SVG file to `target`.
    ///
    /// # Panics
    ///
    /// If a picture differs from the table.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test that writes files, as its caller asks"
    )]
    pub(crate) fn check(&self) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mermaid = root.join("docs").join(format!("{}.mmd", self.name));
        let svg = mermaid.with_extension("svg");
        if env::var("DIAGRAMS").is_ok_and(|value| value == "write") {
            let target = root.join("../target/diagrams");
            fs::create_dir_all(&target).expect("a folder for the sources");
            fs::write(mermaid, self.mermaid()).expect("the Mermaid file is written");
            fs::write(target.join(format!("{}.dot", self.name)), self.dot()).expect("the source is written");
            return;
        }
        assert_eq!(
            read(&mermaid),
            self.mermaid(),
            "run `just diagrams` and look at the picture"
        );
        assert!(
            read(&svg).contains(&self.dot()),
            "the source in {} differs from the table: run `just diagrams` and look at the picture",
            svg.display()
        );
    }

    fn mermaid(&self) -> String {
        let mut text = format!("stateDiagram-v2\n    [*] --> {}\n", self.initial);
        for (from, labels, to) in &self.moves {
            text += &format!("    {from} --> {to}: {labels}\n");
        }
        text
    }

    /// The source for `dot` of Graphviz, which is part of the SVG file as a comment.
    fn dot(&self) -> String {
        let mut text = format!(
            "digraph \"{}\" {{\n    graph [fontname=\"sans-serif\"]\n    \
             node [shape=box, style=\"rounded,filled\", fillcolor=\"#eef3fb\", color=\"#33557f\", fontname=\"sans-serif\"]\n    \
             edge [color=\"#555555\", fontname=\"sans-serif\", fontsize=11]\n",
            self.name
        );
        // Graphviz ranks states in the order in which they appear.
        let mut ends: BTreeMap<&str, bool> = BTreeMap::new();
        for (from, _, to) in &self.moves {
            ends.insert(from, false);
            ends.entry(to).or_insert(true);
        }
        text += &format!("    \"{}\" [penwidth=2]\n", self.initial);
        for (state, _) in ends.into_iter().filter(|(_, last)| *last) {
            text += &format!("    \"{state}\" [peripheries=2]\n");
        }
        for (from, labels, to) in &self.moves {
            text += &format!(
                "    \"{from}\" -> \"{to}\" [label=\" {}\"]\n",
                labels.replace(", ", ",\\n ")
            );
        }
        text + "}\n"
    }
}

fn read(path: &PathBuf) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
