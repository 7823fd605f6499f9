//! Bytes to text: UTF-8, and UTF-16 where its mark says so.

use super::unreadable;
use crate::error::Result;

/// The text of a file; its byte order mark is no part of it.
pub fn decode(bytes: &[u8]) -> Result<String> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err(unreadable(
            "This is a workbook, not a text. Save it in the spreadsheet as “CSV UTF-8” and choose that file.",
        ));
    }
    let text = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => utf8(bytes),
    }?;
    if text.contains('\0') {
        return Err(unreadable(
            "This is no text: it has zero bytes. Save it as “CSV UTF-8” or as JSON.",
        ));
    }
    if text.trim().is_empty() {
        return Err(unreadable("This file is empty."));
    }
    Ok(text)
}

fn utf8(bytes: &[u8]) -> Result<String> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|problem| {
        let good = bytes.get(..problem.valid_up_to()).unwrap_or_default();
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        unreadable(format!(
            "Line {line} is not UTF-8. Save the file as “CSV UTF-8”, or as “Unicode text”, and choose it again."
        ))
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    match String::from_utf16(&units) {
        Ok(text) if odd.is_empty() => Ok(text),
        _ => Err(unreadable(
            "The mark of this file says UTF-16, but it is cut off or damaged. Save it as “CSV UTF-8”.",
        )),
    }
}
