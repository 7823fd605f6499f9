//! What is read and written, and what is refused in words.

use proptest::prelude::*;

use super::{Column, Format, LIST, Record, Sheet, csv_head, csv_line, decode, json_line, read};

fn columns() -> Vec<Column> {
    vec![
        Column::new("email", "E-mail", &["mail"]),
        Column::new("given_name", "Given name", &["first name"]),
        Column::new("apps", "Apps", &[]).list(),
        Column::new("title", "Title", &[]).field(),
        Column::new("added", "Added", &[]).told(),
    ]
}

fn sheet(text: &str) -> Sheet {
    read(text, "people", "email", &columns()).unwrap_or_else(|problem| panic!("{problem}: {text:?}"))
}

fn refusal(text: &str) -> String {
    read(text, "people", "email", &columns())
        .expect_err("refused")
        .message
}

fn value<'a>(sheet: &'a Sheet, row: usize, key: &str) -> &'a str {
    sheet.rows[row].cells.get(key).map_or("", String::as_str)
}

#[test]
fn each_delimiter_and_other_names_are_understood() {
    for delimiter in [",", ";", "\t"] {
        let text = format!(
            "First Name{delimiter}E-Mail{delimiter}shoe size\r\nAna{delimiter}ana@example.com{delimiter}38\r\n\r\n"
        );
        for text in [text.clone(), format!("sep={delimiter}\r\n{text}")] {
            let sheet = sheet(&text);
            assert_eq!(sheet.rows.len(), 1, "{text}");
            assert_eq!(
                (value(&sheet, 0, "email"), value(&sheet, 0, "given_name")),
                ("ana@example.com", "Ana")
            );
            assert_eq!(
                (sheet.rows[0].number, sheet.unread.as_slice()),
                (2, &["shoe size".to_owned()][..])
            );
        }
    }
}

#[test]
fn what_cannot_be_understood_is_said() {
    assert!(refusal("name,age\nAna,3\n").contains("one of them must be “email”"));
    assert!(refusal("email,mail\na@b.example,c@d.example\n").contains("Two columns mean E-mail"));
    assert!(refusal("email\n").contains("no rows"));
    assert!(refusal("{\"rows\": []}").contains("no list “people”"));
    assert!(refusal("[{").contains("not JSON: line 1"));
    let long = "x@y.example\n".repeat(super::MOST_ROWS + 1);
    assert!(refusal(&format!("email\n{long}")).contains("more than 20000 rows"));
    let short = sheet("email,title\na@b.example\nb@b.example,Cook,more\n");
    assert!(
        short
            .rows
            .iter()
            .all(|row| row.flaw.as_ref().is_some_and(|flaw| flaw.contains("cells")))
    );
    let odd = sheet("[{\"email\": {\"a\": 1}}, 7, {\"email\": \"a@b.example\", \"mail\": \"c@d.example\"}]");
    assert!(odd.rows.iter().all(|row| row.flaw.is_some()), "{odd:?}");
}

#[test]
fn encodings_are_told_by_their_marks() {
    let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
        let mut text = mark.to_vec();
        text.extend("email\nzoë@example.com\n".encode_utf16().flat_map(bytes));
        text
    };
    for bytes in [
        b"\xEF\xBB\xBFemail\nzo\xC3\xAB@example.com\n".to_vec(),
        utf16([0xFF, 0xFE], u16::to_le_bytes),
        utf16([0xFE, 0xFF], u16::to_be_bytes),
    ] {
        assert_eq!(
            value(&sheet(&decode(&bytes).expect("text")), 0, "email"),
            "zoë@example.com"
        );
    }
    let problem = |bytes: &[u8]| decode(bytes).expect_err("refused").message;
    assert!(problem(b"email\nzo\xEB@example.com\n").contains("Line 2 is not UTF-8"));
    assert!(problem(b"PK\x03\x04zip").contains("workbook"));
    assert!(problem(b"\xFF\xFEa").contains("cut off"));
    assert!(problem(b"a\0b").contains("zero bytes"));
    assert!(problem(b" \n").contains("empty"));
}

#[test]
fn no_cell_begins_like_a_formula_on_its_way_out() {
    for text in ["=1+1", "+41 79", "-3", "@SUM(A1)", "'=1", "＝1"] {
        let record = Record::from([("email".to_owned(), text.to_owned())]);
        let line = String::from_utf8(csv_line(&columns(), &record).expect("a line")).expect("text");
        assert!(line.starts_with(&format!("'{text}")), "{line}");
    }
}

fn text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "=1+1",
        "'",
        "''=",
        "-",
        "a,b;c\td",
        "say \"hi\"",
        "two\nlines",
        "Ünï",
        "@",
        "'x",
        "\u{1F600}",
    ]);
    prop_oneof![odd.prop_map(str::to_owned), "[ -~]{0,20}"].prop_map(|text| text.trim().to_owned())
}

proptest! {
    #[test]
    fn what_goes_out_comes_back(rows in prop::collection::vec((text(), text(), prop::collection::vec("[a-z]{1,5}", 0..3)), 1..8)) {
        let columns = columns();
        let record = |(given, title, apps): &(String, String, Vec<String>)| {
            let cells = [("email", "a@b.example".to_owned()), ("given_name", given.clone()), ("title", title.clone()),
                ("apps", apps.join(&LIST.to_string()))];
            cells.into_iter().map(|(key, value)| (key.to_owned(), value)).filter(|(_, value)| !value.is_empty()).collect::<Record>()
        };
        let records: Vec<Record> = rows.iter().map(record).collect();
        for format in [Format::Csv, Format::Json] {
            let text = match format {
                Format::Csv => {
                    let mut bytes = csv_head(&columns).expect("a head");
                    for record in &records {
                        bytes.extend(csv_line(&columns, record).expect("a line"));
                    }
                    decode(&bytes).expect("text")
                }
                Format::Json => {
                    let lines: Vec<String> = records.iter().map(|record| json_line(&columns, record).expect("a line")).collect();
                    format!("{{\"people\": [{}]}}", lines.join(","))
                }
            };
            let back = read(&text, "people", "email", &columns).expect("a sheet");
            let mut cells: Vec<Record> = back.rows.into_iter().map(|row| row.cells).collect();
            for cells in &mut cells {
                cells.retain(|_, value| !value.is_empty());
            }
            prop_assert_eq!(&cells, &records, "{:?} {}", format, text);
        }
    }
}
