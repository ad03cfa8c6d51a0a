//! The content of a message, read in pieces.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, ReadBuf};

use super::{pool::Pool, sql};

/// Octets that are read at a time.
pub(super) const PIECE: u64 = 1 << 20;

/// The content of a message. No transaction and no connection is held between two pieces.
pub(crate) struct Content {
    pool: Arc<Pool>,
    id: String,
    /// The octets that were read.
    read: u64,
    octets: u64,
    piece: io::Cursor<Vec<u8>>,
    reading: Option<Reading>,
}

type Reading = Pin<Box<dyn Future<Output = io::Result<Vec<u8>>> + Send>>;

impl Content {
    /// The content of a message, by the text of its UUID.
    pub(super) fn new(pool: Arc<Pool>, id: String, octets: u64) -> Self {
        Self {
            pool,
            id,
            read: 0,
            octets,
            piece: io::Cursor::default(),
            reading: None,
        }
    }

    fn read_on(&self) -> Reading {
        let (pool, id, start) = (Arc::clone(&self.pool), self.id.clone(), self.read);
        let length = (self.octets - start).min(PIECE);
        Box::pin(async move { read_piece(&pool, &id, start, length).await })
    }
}

async fn read_piece(pool: &Pool, id: &str, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let start = i32::try_from(start).map_err(io::Error::other)?;
    let count = i32::try_from(length).map_err(io::Error::other)?;
    let rows = pool.query(sql::CONTENT, &[&id, &start, &count]).await?;
    let piece: Vec<u8> = match rows.first() {
        Some(row) => row.try_get(0).map_err(io::Error::other)?,
        None => return Err(io::Error::other("the message was deleted")),
    };
    // A message that ends too early must not look complete.
    if piece.len() as u64 == length {
        Ok(piece)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

impl AsyncRead for Content {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let piece = ready!(reading.as_mut().poll(cx));
                self.reading = None;
                let piece = piece?;
                self.read += piece.len() as u64;
                self.piece = io::Cursor::new(piece);
            }
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.piece).poll_read(cx, buffer))?;
            if buffer.filled().len() > before || buffer.remaining() == 0 || self.read == self.octets {
                return Poll::Ready(Ok(()));
            }
            self.reading = Some(self.read_on());
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} of {})", self.read, self.octets)
    }
}
