//! A body must arrive in time. The server itself only watches the clock until the head is there; whoever then
//! sends a byte a minute would keep a connection and its memory for ever.

use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::{PayloadError, UrlencodedError};
use futures_util::{Stream, stream};

/// How long a whole body may take. A megabyte in this time is a very slow telephone.
pub const LONGEST: Duration = Duration::from_secs(30);

/// The same body, which fails when it is not complete within [`LONGEST`].
pub fn in_time(payload: Payload) -> Payload {
    if matches!(payload, Payload::None) {
        return payload;
    }
    let mut payload = payload;
    let mut timer = Box::pin(tokio::time::sleep(LONGEST));
    let in_time = stream::poll_fn(move |context| match pin!(&mut payload).poll_next(context) {
        Poll::Pending => timer.as_mut().poll(context).map(|()| Some(Err(too_slow()))),
        ready => ready,
    });
    Payload::Stream {
        payload: Box::pin(in_time),
    }
}

fn too_slow() -> PayloadError {
    PayloadError::Io(io::ErrorKind::TimedOut.into())
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
