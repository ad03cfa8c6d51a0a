//! A stream that sends its buffer in records when it is flushed, as TLS does, and breaks between two records.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use smtp_proto::{
    TlsInfo,
    client::{Closed, MessageOutcome, RecipientStatus},
};
use smtp_tokio::Error;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};

use crate::support::{Fake, bob, client_config, on_encrypted};

/// The longest record, in octets.
const RECORD: usize = 100;

struct Records {
    stream: DuplexStream,
    taken: Vec<u8>,
    /// A flush had more than one record.
    broken: bool,
}

impl AsyncRead for Records {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Records {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.taken.extend_from_slice(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let before = self.taken.len();
        for slice in slices {
            self.taken.extend_from_slice(slice);
        }
        Poll::Ready(Ok(self.taken.len() - before))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while !this.taken.is_empty() {
            if this.broken {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            let record = this.taken.len().min(RECORD);
            let sent = ready!(Pin::new(&mut this.stream).poll_write(context, &this.taken[..record]))?;
            assert_eq!(sent, record, "there is room");
            this.taken.drain(..sent);
            this.broken = !this.taken.is_empty();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The message fills a record, and the envelope of the next message would begin another.
#[tokio::test]
async fn the_end_of_a_message_is_the_end_of_a_write() {
    let (near, far) = duplex(1 << 16);
    let message = [b"x".repeat(RECORD - "\r\n.\r\n".len()).as_slice(), b"\r\n"].concat();
    let sending = async {
        let stream = Records {
            stream: near,
            taken: Vec::new(),
            broken: false,
        };
        let mut client = on_encrypted(stream, client_config(), TlsInfo::default())
            .await
            .unwrap();
        let mut results = Vec::new();
        let two = [(bob(), &*message), (bob(), b"Two\r\n".as_slice())];
        client.send_all(two, |result| results.push(result)).await;
        results
    };
    let serving = async {
        let mut fake = Fake::new(far);
        fake.take_envelope().await;
        assert_eq!(
            fake.octets(message.len() + 3).await,
            [&message, b".\r\n".as_slice()].concat()
        );
        fake.say("250 stored\r\n").await;
        for verb in ["MAIL", "RCPT", "DATA"] {
            let line = fake.line().await;
            assert!(line.starts_with(verb), "{line}");
        }
        fake.stream.shutdown().await.unwrap();
        fake
    };
    let (results, _) = tokio::join!(sending, serving);
    let [first, second] = results.try_into().unwrap();
    assert!(first.unwrap().all_accepted());
    let failed = second.unwrap_err();
    assert!(
        matches!(
            failed.error,
            Error::Closed {
                why: Closed::ConnectionClosed | Closed::ConnectionLost,
                message: MessageOutcome::NotAccepted,
                ..
            }
        ),
        "{failed}"
    );
    let mut fates = failed.receipt.recipients().map(|(_, fate)| fate);
    assert_eq!(fates.next(), Some(RecipientStatus::NotAccepted));
}
