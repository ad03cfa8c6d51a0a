//! The DNS: questions of a route, and the addresses and texts that MTA-STS needs.

#[cfg(feature = "system-dns")]
mod system;
mod table;

use std::{net::SocketAddr, path::Path, pin::Pin, sync::Arc};

use smtp_relay::route::{Answer, Question};

/// A future on the heap, because the kind of DNS is chosen at run time.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that answers questions of the DNS.
pub(crate) trait Dns: Send + Sync {
    /// Answers a question of a route, except for [`Question::Sts`].
    fn answer(&self, question: Question) -> Boxed<'_, Answer>;

    /// Looks the TXT records of a name up, each as one text. Without records there is none.
    fn texts(&self, name: String) -> Boxed<'_, Result<Vec<Vec<u8>>, LookupFailed>>;
}

/// A lookup that learned nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LookupFailed;

/// Opens the DNS that `--dns` names: `system`, the address of a name server, or a table in a file.
///
/// # Errors
///
/// If the file cannot be read, or the settings of the system cannot be used.
pub(crate) fn open(source: &Path, anchor: Option<&Path>) -> Result<Arc<dyn Dns>, String> {
    let server = source.to_str().and_then(|text| text.parse::<SocketAddr>().ok());
    if source != Path::new("system") && server.is_none() {
        let table =
            table::TableFile::open(source).map_err(|why| format!("--dns {}: {why}", source.display()))?;
        return Ok(Arc::new(table));
    }
    #[cfg(feature = "system-dns")]
    {
        let opened = system::SystemDns::new(server, anchor);
        Ok(Arc::new(
            opened.map_err(|why| format!("--dns {}: {why}", source.display()))?,
        ))
    }
    #[cfg(not(feature = "system-dns"))]
    {
        let _ = anchor;
        Err(format!(
            "--dns {}: this program was built without the feature system-dns: give a file",
            source.display()
        ))
    }
}
