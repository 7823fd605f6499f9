//! The two streams under a conversation with a mail server: one that bounds what a server may say, and one for TLS
//! from the first byte.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::io::{AsyncRead as _, AsyncWrite as _};
use lettre::transport::smtp::Error;
#[expect(
    deprecated,
    reason = "the only way to hand a stream of one's own to the SMTP client"
)]
use lettre::transport::smtp::client::AsyncNetworkStream;
use lettre::transport::smtp::client::{AsyncTokioStream, TlsParameters};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A server that says more than this over one connection is not a mail server that we know.
const MOST: usize = 1024 * 1024;

/// What the stream itself found wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    TooMuch,
    /// Something came between the answer to STARTTLS and the encryption: whoever sent it wants it taken for something
    /// that the server said under TLS.
    Slipped,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trouble::TooMuch => "the server says too much",
            Trouble::Slipped => "something was slipped in before the encryption",
        })
    }
}

impl std::error::Error for Trouble {}

/// A connection that reads so much and no more, and nothing beyond the one answer to STARTTLS.
#[derive(Debug)]
pub(super) struct Bounded {
    inner: TcpStream,
    left: usize,
    /// What came since STARTTLS was sent; `None` before, and after the encryption has begun.
    answer: Option<Vec<u8>>,
}

impl Bounded {
    pub(super) fn new(inner: TcpStream) -> Self {
        Self {
            inner,
            left: MOST,
            answer: None,
        }
    }

    fn admit(&mut self, fresh: &[u8]) -> Result<(), Trouble> {
        self.left = self.left.checked_sub(fresh.len()).ok_or(Trouble::TooMuch)?;
        if let Some(answer) = &mut self.answer {
            answer.extend_from_slice(fresh);
            if runs_on(answer) {
                return Err(Trouble::Slipped);
            }
        }
        Ok(())
    }
}

/// Is there anything after the last line of the reply (RFC 5321 §4.2.1)?
fn runs_on(answer: &[u8]) -> bool {
    let mut rest = answer;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = rest.split_at(end + 1);
        if line.get(3) != Some(&b'-') {
            return !after.is_empty();
        }
        rest = after;
    }
    false
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let admitted = self.admit(&buffer.filled()[before..]);
        Poll::Ready(admitted.map_err(io::Error::other))
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes == b"STARTTLS\r\n" {
            self.answer = Some(Vec::new());
        } else if self.answer.is_some() {
            self.answer = None;
        }
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl AsyncTokioStream for Bounded {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }
}

/// TLS from the first byte.
#[derive(Debug)]
#[expect(deprecated, reason = "see the import")]
pub(super) struct Encrypted(AsyncNetworkStream);

#[expect(deprecated, reason = "see the import")]
impl Encrypted {
    pub(super) async fn begin(stream: Bounded, parameters: TlsParameters) -> Result<Self, Error> {
        let mut stream = AsyncNetworkStream::use_existing_tokio1(Box::new(stream));
        stream.upgrade_tls(parameters).await?;
        Ok(Self(stream))
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.0).poll_read(context, buffer.initialize_unfilled()))?;
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(context)
    }
}

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_reply_may_come_before_the_encryption() {
        for whole in [
            "",
            "220",
            "220 go ahead\r\n",
            "220-go\r\n220 ahead\r\n",
            "220-go\r\n220-ahead\r\n",
        ] {
            assert!(!runs_on(whole.as_bytes()), "{whole:?}");
        }
        for more in [
            "220 go\r\n250 AUTH PLAIN\r\n",
            "220-go\r\n220 ahead\r\n2",
            "220\r\n\r\n",
        ] {
            assert!(runs_on(more.as_bytes()), "{more:?}");
        }
    }
}
