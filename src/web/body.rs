//! A body must arrive in time, and what is left of it when the answer is known is not waited for.
//!
//! The server itself only watches the clock until the head is there: whoever then sends a byte a minute, or a
//! chunked body that never ends, would keep a connection for ever.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceResponse};
use actix_web::error::{PayloadError, UrlencodedError};
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt, stream};

/// How long a whole body may take. A megabyte in this time is a very slow telephone.
pub const LONGEST: Duration = Duration::from_secs(30);

/// A body that may not be read to its end.
pub struct Rest(Option<Rc<RefCell<Payload>>>);

/// The same body, which fails when it is not complete within [`LONGEST`], and a hold on its rest.
pub fn in_time(payload: Payload) -> (Payload, Rest) {
    if matches!(payload, Payload::None) {
        return (payload, Rest(None));
    }
    let shared = Rc::new(RefCell::new(payload));
    let body = Rc::clone(&shared);
    let mut timer = Box::pin(tokio::time::sleep(LONGEST));
    let in_time =
        stream::poll_fn(
            move |context| match Pin::new(&mut *body.borrow_mut()).poll_next(context) {
                Poll::Pending => timer.as_mut().poll(context).map(|()| Some(Err(too_slow()))),
                ready => ready,
            },
        );
    let payload: Payload = Payload::Stream {
        payload: Box::pin(in_time),
    };
    (payload, Rest(Some(shared)))
}

impl Rest {
    /// Keeps the rest until the answer is sent. A chunked body that nobody holds any more is read to its end by the
    /// server, however long that takes; when somebody holds it, the connection is closed.
    pub fn stay(self, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        match self.0 {
            None => response,
            Some(_rest) => response.map_body(|_, body| BoxBody::new(Holding { body, _rest })),
        }
    }
}

/// An answer's body that holds the request's.
struct Holding {
    body: BoxBody,
    _rest: Rc<RefCell<Payload>>,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}

fn too_slow() -> PayloadError {
    PayloadError::Io(io::ErrorKind::TimedOut.into())
}

/// Why a body could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    TooLarge,
    TooSlow,
    /// The connection or its framing broke.
    Broken,
}

/// The whole body, when it is no larger than `limit`. What says beforehand that it is larger is not read.
pub async fn whole(mut payload: Payload, said: Option<u64>, limit: usize) -> Result<Vec<u8>, Unread> {
    if said.is_some_and(|length| length > limit as u64) {
        return Err(Unread::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(part) = payload.next().await {
        let part = part.map_err(|cause| match cause {
            PayloadError::Io(cause) if cause.kind() == io::ErrorKind::TimedOut => Unread::TooSlow,
            _ => Unread::Broken,
        })?;
        if body.len() + part.len() > limit {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// Is this the error that a handler got from a body which did not come in time?
pub fn was_too_slow(error: &actix_web::Error) -> bool {
    let timed_out =
        |e: &PayloadError| matches!(e, PayloadError::Io(e) if e.kind() == io::ErrorKind::TimedOut);
    match error.as_error::<UrlencodedError>() {
        Some(UrlencodedError::Payload(cause)) => timed_out(cause),
        _ => error.as_error::<PayloadError>().is_some_and(timed_out),
    }
}
