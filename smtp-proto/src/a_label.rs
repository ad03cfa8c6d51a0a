//! A-labels for host names with U-labels, as a peer must see them before SMTPUTF8 (RFC 6531 section 3.7.1).

use alloc::{borrow::Cow, string::String};

/// Returns the name with an A-label in place of each U-label (RFC 5890 section 2.3.2.1).
///
/// A U-label in lower case and in Unicode Normalization Form C is converted exactly. With the feature `idna`, other
/// spellings are first brought into this form; without it, they are encoded unchanged.
pub(crate) fn a_labels(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return Cow::Borrowed(name);
    }
    #[cfg(feature = "idna")]
    if let Ok(domain) = crate::types::Domain::parse(name)
        && let Ok(ascii) = domain.to_ascii()
    {
        return Cow::Owned(ascii.as_str().into());
    }
    let mut ascii = String::new();
    for (number, label) in name.split('.').enumerate() {
        if number > 0 {
            ascii.push('.');
        }
        if label.is_ascii() {
            ascii.push_str(label);
        } else {
            ascii.push_str("xn--");
            encode(label, &mut ascii);
        }
    }
    Cow::Owned(ascii)
}

/// Encodes a label in Punycode (RFC 3492 section 6.3), with the parameters of section 5.
fn encode(label: &str, to: &mut String) {
    const BASE: u32 = 36;
    let basic = label.chars().filter(char::is_ascii).count() as u32;
    to.extend(label.chars().filter(char::is_ascii));
    if basic > 0 {
        to.push('-');
    }
    let (mut next, mut delta, mut bias) = (0x80, 0_u32, 72);
    let mut handled = basic;
    while let Some(least) = label.chars().map(u32::from).filter(|point| *point >= next).min() {
        delta = delta.saturating_add((least - next).saturating_mul(handled + 1));
        for point in label.chars().map(u32::from) {
            if point < least {
                delta = delta.saturating_add(1);
            } else if point == least {
                let (mut rest, mut position) = (delta, BASE);
                loop {
                    let threshold = position.saturating_sub(bias).clamp(1, 26);
                    if rest < threshold {
                        break;
                    }
                    to.push(digit(threshold + (rest - threshold) % (BASE - threshold)));
                    rest = (rest - threshold) / (BASE - threshold);
                    position += BASE;
                }
                to.push(digit(rest));
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta = delta.saturating_add(1);
        next = least + 1;
    }
}

/// Adapts the bias (RFC 3492 section 6.1).
const fn adapt(delta: u32, points: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut bias = 0;
    while delta > 455 {
        delta /= 35;
        bias += 36;
    }
    bias + 36 * delta / (delta + 38)
}

/// Writes a digit: `a` to `z`, then `0` to `9`.
const fn digit(value: u32) -> char {
    let value = value as u8;
    (if value < 26 {
        b'a' + value
    } else {
        b'0' + value - 26
    }) as char
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u_labels_become_a_labels() {
        for (name, ascii) in [
            ("mx.example.org", "mx.example.org"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("mx.münchen.example", "mx.xn--mnchen-3ya.example"),
            ("пример.example", "xn--e1afmkfd.example"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ] {
            assert_eq!(a_labels(name), ascii);
        }
    }

    #[test]
    fn the_samples_of_rfc_3492_are_encoded() {
        // RFC 3492 section 7.1 (A), (B), (L), (S).
        for (label, encoded) in [
            ("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn"),
            ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
            ("3年B組金八先生", "3B-ww4c5e180e575a65lsy2b"),
            ("-> $1.00 <-", "-> $1.00 <--"),
        ] {
            let mut to = String::new();
            encode(label, &mut to);
            assert_eq!(to, encoded);
        }
    }
}
