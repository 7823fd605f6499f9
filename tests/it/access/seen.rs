//! What people see: apps on the home, others in the directory, and neither without the permission.

use super::{page_of, person_page, text};
use crate::app::{PASSPHRASE, TestApp, Visitor};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";

fn bob(app: &TestApp) -> Visitor {
    app.signed_in("bob@example.com", PASSPHRASE)
}

fn start() -> TestApp {
    let app = TestApp::start();
    app.apply(
        "[[team]]\nname = \"Sales\"\n[[team]]\nname = \"Support\"\n\
         [[app]]\nname = \"Wiki\"\naddress = \"https://wiki.example.com/\"\n\
         [[app]]\nname = \"Payroll\"\naddress = \"https://pay.example.com/\"\n\
         [[access_group]]\nname = \"Staff\"\nrole = \"member\"\n\
         [[person]]\nemail = \"bob@example.com\"\nteam = \"Sales\"\naccess_group = \"Staff\"\n\
         [[person]]\nemail = \"carol@example.com\"\nteam = \"Sales\"\n\
         [[person]]\nemail = \"dan@example.com\"\nteam = \"Support\"\n\
         [[person]]\nemail = \"gone@example.com\"\nteam = \"Sales\"\nactive = false\n",
    );
    app.give_passphrase("bob@example.com", PASSPHRASE);
    app
}

fn found(visitor: &Visitor, q: &str) -> Vec<&'static str> {
    let page = visitor.get(&format!("/directory?q={q}"));
    assert_eq!(page.status, 200, "{}", page.text());
    let list = page.all(".people li").join("\n");
    ["alice", "bob", "carol", "dan", "gone"]
        .into_iter()
        .filter(|name| list.contains(&format!("{name}@example.com")))
        .collect()
}

#[test]
fn a_search_finds_nobody_whom_one_may_not_see() {
    let app = start();
    let alice = app.alice();
    assert_eq!(found(&bob(&app), ""), ["alice", "bob", "carol", "dan"]);
    app.apply("[[access_group]]\nname = \"Staff\"\nsees_people = \"team\"\n");
    let bob = bob(&app);
    assert_eq!(found(&bob, ""), ["bob", "carol"]);
    assert_eq!(found(&bob, "dan"), Vec::<&str>::new());
    assert_eq!(found(&bob, "example.com"), ["bob", "carol"]);
    // Set for bob alone, in place of what the group says.
    let at = format!("{}/visibility", person_page(&app, "bob"));
    assert_eq!(
        alice.post(&at, &[("people", "oneself"), ("apps", "all")]).status,
        303
    );
    assert_eq!((found(&bob, ""), found(&bob, "carol")), (vec!["bob"], vec![]));
    assert!(
        alice
            .get(&person_page(&app, "bob"))
            .text()
            .contains("set for this person")
    );
    assert_eq!(alice.post(&at, &[("people", ""), ("apps", "all")]).status, 303);
    assert_eq!(found(&bob, ""), ["bob", "carol"]);
    // Without a team, "their own team" is oneself.
    app.apply("[[person]]\nemail = \"bob@example.com\"\nteam = \"\"\n");
    assert_eq!(found(&bob, ""), ["bob"]);
}

#[test]
fn the_home_shows_the_apps_that_one_sees_and_no_others() {
    let app = start();
    let alice = app.alice();
    let home = bob(&app).get("/").text();
    assert!(
        home.contains("https://wiki.example.com/") && home.contains("https://pay.example.com/"),
        "{home}"
    );
    app.apply("[[access_group]]\nname = \"Staff\"\nsees_apps = [\"Wiki\"]\n");
    let bob = bob(&app);
    let home = bob.get("/").text();
    assert!(
        home.contains("wiki.example.com") && !home.contains("pay.example.com"),
        "{home}"
    );
    // Its picture is not for them either.
    let payroll = text(&app, "SELECT id FROM apps WHERE name = 'Payroll'").expect("it");
    let at = format!("/admin/access/apps/{payroll}");
    let upload = |bytes: &[u8], name: &str| {
        let part = reqwest::blocking::multipart::Part::bytes(bytes.to_vec()).file_name(name.to_owned());
        let form = reqwest::blocking::multipart::Form::new()
            .text("name", "Payroll")
            .text("address", "https://pay.example.com/")
            .text(
                "version",
                text(&app, "SELECT version || '' FROM apps WHERE name = 'Payroll'").expect("one"),
            )
            .part("picture", part);
        let request = alice
            .client
            .post(alice.url(&at))
            .header("Sec-Fetch-Site", "same-origin");
        alice.send(request.multipart(form))
    };
    for (bytes, name) in [
        (&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], "a.svg"),
        (b"<script>", "a.png"),
    ] {
        let page = upload(bytes, name);
        assert_eq!(page.status, 422, "{}", page.text());
        assert!(page.text().contains("no PNG, JPEG or WebP"), "{name}");
    }
    assert_eq!(upload(PNG, "a.html").status, 303);
    let picture = alice.get(&format!("/apps/{payroll}/picture"));
    assert_eq!((picture.status, picture.body.as_slice()), (200, PNG));
    assert_eq!(
        (
            picture.header("content-type"),
            picture.header("x-content-type-options")
        ),
        ("image/png", "nosniff")
    );
    assert_eq!(bob.get(&format!("/apps/{payroll}/picture")).status, 404);
    // An address that leads nowhere safe is none.
    let fields = [("name", "Evil"), ("address", "javascript:alert(1)")];
    let body = alice.post("/admin/access/apps/new", &fields);
    assert_eq!(body.status, 422, "{}", body.text());
    assert_eq!(alice.post(&format!("{at}/removal"), &[]).status, 303);
    assert!(!alice.get("/").text().contains("pay.example.com"));
    assert!(page_of(&app, "Staff").starts_with("/admin/access/groups/"));
}

#[test]
fn without_the_permissions_a_page_says_so_and_the_account_stays_open() {
    let app = start();
    app.apply(
        "[[role]]\nkey = \"guest\"\nname = \"Guest\"\npermissions = [\"use_apps\"]\n\
         [[role]]\nkey = \"quiet\"\nname = \"Quiet\"\npermissions = [\"use_apps\", \"portal\"]\n\
         [[person]]\nemail = \"bob@example.com\"\nrole = \"guest\"\naccess_group = \"none\"\n",
    );
    let bob = bob(&app);
    for path in ["/", "/directory"] {
        let page = bob.get(path);
        assert_eq!(page.status, 403, "{path}");
        assert!(
            page.text().contains("your role Guest may not use this portal"),
            "{}",
            page.text()
        );
    }
    assert_eq!(bob.get("/account").status, 200);
    assert_eq!(bob.post("/logout", &[]).status, 303);
    app.apply("[[person]]\nemail = \"bob@example.com\"\nrole = \"quiet\"\n");
    let bob = self::bob(&app);
    assert_eq!((bob.get("/").status, bob.get("/directory").status), (200, 403));
    assert!(!bob.get("/").text().contains("href=\"/directory\""));
}
