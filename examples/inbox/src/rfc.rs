//! References to sections of standards.

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// A section of an RFC. In JSON it is a name for people and a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rfc {
    pub(crate) number: u16,
    /// Empty: the whole document.
    pub(crate) section: &'static str,
}

/// Makes a reference: `rfc(5321, "4.1.1.2")`.
pub(crate) const fn rfc(number: u16, section: &'static str) -> Rfc {
    Rfc { number, section }
}

impl Rfc {
    fn name(self) -> String {
        match self.section {
            "" => format!("RFC {}", self.number),
            section => format!("RFC {} section {section}", self.number),
        }
    }

    fn url(self) -> String {
        let document = format!("https://www.rfc-editor.org/rfc/rfc{}", self.number);
        match self.section {
            "" => document,
            section => format!("{document}#section-{section}"),
        }
    }
}

impl Serialize for Rfc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Rfc", 2)?;
        fields.serialize_field("name", &self.name())?;
        fields.serialize_field("url", &self.url())?;
        fields.end()
    }
}
