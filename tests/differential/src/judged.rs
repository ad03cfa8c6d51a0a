//! The table of judged differences: JUDGED.md.

use regex::Regex;

use crate::outcome::Difference;

/// The rows of the tables.
pub(crate) struct Judged {
    rows: Vec<Row>,
}

/// `| kind | input | who | does | right | section | why |`
struct Row {
    kind: String,
    input: Regex,
    does: String,
    /// The implementations, and if the difference was seen.
    who: Vec<(String, bool)>,
    line: usize,
}

impl Judged {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let rows = text
            .lines()
            .enumerate()
            .filter(|(_, line)| {
                line.starts_with("| ") && !line.starts_with("| kind ") && !line.starts_with("| ---")
            })
            .map(|(at, line)| {
                Row::parse(at + 1, line).map_err(|fault| format!("JUDGED.md:{}: {fault}", at + 1))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { rows })
    }

    /// Returns true if a row has this difference. Marks the first such row as seen.
    pub(crate) fn knows(&mut self, difference: &Difference) -> bool {
        let seen = self
            .rows
            .iter_mut()
            .filter(|row| row.kind == difference.kind && row.does == difference.does)
            .filter(|row| row.input.is_match(&difference.input))
            .find_map(|row| row.who.iter_mut().find(|(who, _)| who == difference.who));
        seen.map(|(_, seen)| *seen = true).is_some()
    }

    /// Returns the rows that match no difference.
    pub(crate) fn unused(&self, kinds: &[&str]) -> Vec<String> {
        self.rows
            .iter()
            .filter(|row| kinds.contains(&row.kind.as_str()))
            .flat_map(|row| row.who.iter().map(move |who| (row, who)))
            .filter(|(_, (_, seen))| !seen)
            .map(|(row, (who, _))| format!("JUDGED.md:{}: no such difference with {who} any more", row.line))
            .collect()
    }
}

impl Row {
    fn parse(line: usize, text: &str) -> Result<Self, String> {
        let cells = cells(text);
        let [kind, input, who, does, right, section, why] = cells.as_slice() else {
            return Err(format!("{} cells, not 7", cells.len()));
        };
        if !matches!(right.as_str(), "ours" | "both") {
            return Err(format!(
                "`{right}`: what is wrong in ours is to be mended, not judged"
            ));
        }
        if section.is_empty() || why.is_empty() {
            return Err("say where it is written, and why".into());
        }
        Ok(Self {
            kind: kind.clone(),
            input: Regex::new(input.trim_matches('`')).map_err(|error| error.to_string())?,
            does: does.clone(),
            who: who.split(", ").map(|who| (who.to_owned(), false)).collect(),
            line,
        })
    }
}

/// The cells of a row of Markdown. `\|` is a bar inside a cell.
fn cells(row: &str) -> Vec<String> {
    row.replace("\\|", "\u{1}")
        .trim_matches('|')
        .split('|')
        .map(|cell| cell.trim().replace('\u{1}', "|"))
        .collect()
}
