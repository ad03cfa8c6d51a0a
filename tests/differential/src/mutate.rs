//! Random changes to the inputs, the same in each run.

use std::collections::HashSet;

/// Returns the inputs, followed by `each` new mutations of each input.
pub(crate) fn with_mutations(inputs: &[Vec<u8>], each: usize) -> Vec<Vec<u8>> {
    let mut random = Random(SEED);
    let mut seen: HashSet<_> = inputs.iter().cloned().collect();
    let mut all = inputs.to_vec();
    for input in inputs.iter().filter(|input| input.len() <= LONGEST) {
        for _ in 0..each {
            let mutated = random.mutate(input.clone());
            if seen.insert(mutated.clone()) {
                all.push(mutated);
            }
        }
    }
    all
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn mutate(&mut self, mut input: Vec<u8>) -> Vec<u8> {
        if input.is_empty() {
            return input;
        }
        let at = self.below(input.len());
        match self.below(5) {
            0 => {
                input.remove(at);
            }
            1 => input.insert(at, input[at]),
            2 => {
                input[at] ^= if input[at].is_ascii_alphabetic() {
                    0x20
                } else {
                    0x01
                }
            }
            3 => input.insert(at, SPECIAL[self.below(SPECIAL.len())]),
            _ => input[at] = SPECIAL[self.below(SPECIAL.len())],
        }
        input
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Octets with a meaning in some grammar.
const SPECIAL: &[u8] = b" \t\r\n\0<>@.:\"\\-+=[]\x7F\x80\xFF";

const SEED: u64 = 5321;

/// Inputs that are longer than this are about their length.
const LONGEST: usize = 300;
