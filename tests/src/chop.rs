//! Splitting input into pieces.

/// The places at which the input of a machine is split.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the ways there are")]
pub enum Chop {
    /// No place: each flight arrives in one piece.
    Whole,
    /// After each octet.
    Octets,
    /// Before the octet with this index in the whole input.
    At(usize),
    /// Into pieces of these sizes, repeated. Each size is at least 1.
    Sizes(Vec<usize>),
}

impl Chop {
    /// Splits `octets`, which follow `before` octets of input.
    #[must_use]
    pub fn cut(&self, before: usize, octets: &[u8]) -> Vec<Vec<u8>> {
        let pieces: Vec<&[u8]> = match self {
            Self::Whole => vec![octets],
            Self::Octets => octets.chunks(1).collect(),
            Self::At(index) => match octets.split_at_checked(index.saturating_sub(before)) {
                Some((head, tail)) => vec![head, tail],
                None => vec![octets],
            },
            Self::Sizes(sizes) => {
                let mut pieces = Vec::new();
                let mut rest = octets;
                for size in sizes.iter().cycle() {
                    if rest.is_empty() {
                        break;
                    }
                    let (head, tail) = rest.split_at((*size).clamp(1, rest.len()));
                    pieces.push(head);
                    rest = tail;
                }
                pieces
            }
        };
        pieces
            .into_iter()
            .filter(|piece| !piece.is_empty())
            .map(<[u8]>::to_vec)
            .collect()
    }
}
