//! A form's body with or without a file, read piece by piece and never past a limit.
//!
//! What is wrong with the body is data, not an error page: the handler says it at the field, with
//! everything that was typed kept.

use std::future::Future;
use std::pin::Pin;

use actix_multipart::Multipart;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest};
use futures_util::{Stream, StreamExt};

use super::fail::Fail;

/// All fields and the file together, unless the page says otherwise.
pub const UPLOAD_LIMIT: usize = 2 * 1024 * 1024;
/// A pasted document grows so many times at most when a browser escapes it for a form.
const ESCAPES: usize = 3;
/// So much more is read and thrown away, so that a browser that still sends gets to see the answer.
const DRAIN_LIMIT: usize = 32 * 1024 * 1024;
const FIELDS: usize = 50;

/// Why a body could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    TooLarge,
    /// Cut off, or not what its content type says.
    Broken,
}

impl Flaw {
    pub fn words(self) -> &'static str {
        match self {
            Flaw::TooLarge => {
                "This is larger than 2 MiB. Metadata of one identity provider is far smaller: choose its own file."
            }
            Flaw::Broken => "This did not arrive whole. Send it once more.",
        }
    }
}

/// A body as fields and, perhaps, one file, together at most `LIMIT` bytes.
#[derive(Debug, Default)]
pub struct Upload<const LIMIT: usize = UPLOAD_LIMIT> {
    pub pairs: Vec<(String, String)>,
    /// What the file holds; `None` when none was chosen.
    pub file: Option<Vec<u8>>,
    pub flaw: Option<Flaw>,
}

impl<const LIMIT: usize> FromRequest for Upload<LIMIT> {
    type Error = Fail;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Fail>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        let kind = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let headers = request.headers().clone();
        let payload = payload.take();
        Box::pin(async move {
            Ok(match kind.as_str() {
                "multipart/form-data" => parts(Multipart::new(&headers, payload)).await,
                "application/x-www-form-urlencoded" => escaped(payload).await,
                _ => Upload {
                    flaw: Some(Flaw::Broken),
                    ..Upload::default()
                },
            })
        })
    }
}

async fn escaped<const LIMIT: usize>(mut payload: Payload) -> Upload<LIMIT> {
    let (body, flaw) = collect(&mut payload, ESCAPES * LIMIT).await;
    let pairs = url::form_urlencoded::parse(&body)
        .into_owned()
        .take(FIELDS)
        .collect();
    Upload {
        pairs: if flaw.is_some() { Vec::new() } else { pairs },
        file: None,
        flaw,
    }
}

async fn parts<const LIMIT: usize>(mut form: Multipart) -> Upload<LIMIT> {
    let mut upload = Upload::default();
    let mut left = LIMIT;
    let mut count = 0;
    while let Some(part) = form.next().await {
        let Ok(mut part) = part else {
            upload.flaw.get_or_insert(Flaw::Broken);
            break;
        };
        count += 1;
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part
            .content_disposition()
            .and_then(|d| d.get_filename())
            .map(str::to_owned);
        let (bytes, flaw) = collect(&mut part, left).await;
        left -= bytes.len();
        if let Some(flaw) = flaw.or((count > FIELDS).then_some(Flaw::Broken)) {
            upload.flaw.get_or_insert(flaw);
            break;
        }
        match file_name {
            // A file input without a choice sends an empty part without a name.
            Some(name) if name.is_empty() && bytes.is_empty() => {}
            Some(_) => upload.file = Some(bytes),
            None => upload
                .pairs
                .push((name, String::from_utf8_lossy(&bytes).into_owned())),
        }
    }
    upload
}

/// At most `limit` bytes; what comes after them is read a while longer, and thrown away.
async fn collect<B, E>(
    stream: &mut (impl Stream<Item = Result<B, E>> + Unpin),
    limit: usize,
) -> (Vec<u8>, Option<Flaw>)
where
    B: AsRef<[u8]>,
{
    let mut kept = Vec::new();
    let mut read = 0;
    while let Some(piece) = stream.next().await {
        let Ok(piece) = piece else {
            return (kept, Some(Flaw::Broken));
        };
        read += piece.as_ref().len();
        if read <= limit {
            kept.extend_from_slice(piece.as_ref());
        } else if read > DRAIN_LIMIT {
            break;
        }
    }
    (kept, (read > limit).then_some(Flaw::TooLarge))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const LINE: &str = "\r\n";

    /// A multipart body of one field and one file part.
    fn body(file_name: &str, file: &str) -> String {
        [
            "--x",
            "Content-Disposition: form-data; name=\"entity_id\"",
            "",
            "urn:idp",
            "--x",
            &format!("Content-Disposition: form-data; name=\"metadata\"; filename=\"{file_name}\""),
            "Content-Type: application/octet-stream",
            "",
            file,
            "--x--",
            "",
        ]
        .join(LINE)
    }

    async fn read(kind: &str, body: String) -> Upload {
        let (request, mut payload) = TestRequest::post()
            .insert_header((CONTENT_TYPE, kind))
            .set_payload(body)
            .to_http_parts();
        <Upload>::from_request(&request, &mut payload).await.unwrap()
    }

    #[actix_web::test]
    async fn fields_and_file_arrive_together() {
        let upload = read("multipart/form-data; boundary=x", body("idp.xml", "<md/>")).await;
        assert_eq!(upload.pairs, [("entity_id".to_owned(), "urn:idp".to_owned())]);
        assert_eq!(upload.file.as_deref(), Some(&b"<md/>"[..]));
        assert_eq!(upload.flaw, None);
    }

    #[actix_web::test]
    async fn no_choice_is_not_an_empty_file() {
        assert_eq!(
            read("multipart/form-data; boundary=x", body("", "")).await.file,
            None
        );
        assert_eq!(
            read("multipart/form-data; boundary=x", body("a.xml", ""))
                .await
                .file,
            Some(Vec::new())
        );
    }

    #[actix_web::test]
    async fn too_much_cut_off_or_of_another_kind_is_said() {
        let large = "x".repeat(UPLOAD_LIMIT + 1);
        assert_eq!(
            read("multipart/form-data; boundary=x", body("a.xml", &large))
                .await
                .flaw,
            Some(Flaw::TooLarge)
        );
        let cut = body("a.xml", "<md/>").replace("--x--", "");
        assert_eq!(
            read("multipart/form-data; boundary=x", cut).await.flaw,
            Some(Flaw::Broken)
        );
        assert_eq!(
            read("text/plain", "a=b".to_owned()).await.flaw,
            Some(Flaw::Broken)
        );
        let pasted = read(
            "application/x-www-form-urlencoded",
            "metadata=%3Cmd%2F%3E".to_owned(),
        )
        .await;
        assert_eq!(pasted.pairs, [("metadata".to_owned(), "<md/>".to_owned())]);
    }
}
