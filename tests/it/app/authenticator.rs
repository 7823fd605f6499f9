//! What people hold in their hands: an authenticator app, and a passkey that does as it is told, lies included.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use doorward::model::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use totp_rs::{Algorithm, Builder, Secret};

use super::{Page, Visitor};

/// An authenticator app with one secret.
pub struct Phone {
    secret: Vec<u8>,
}

impl Phone {
    /// Scans the page on which the app is set up.
    pub fn scan(page: &Page) -> Self {
        let key = page.all("code[data-value]").remove(0).replace(' ', "");
        let secret = Secret::try_from_base32(&key).expect("base32");
        Self {
            secret: secret.as_bytes().to_vec(),
        }
    }

    /// The code of this moment, `steps` later.
    pub fn code(&self, now: Timestamp, steps: i64) -> String {
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_step_duration(30)
            .with_secret(self.secret.clone())
            .build()
            .expect("a generator");
        let seconds = u64::try_from(now.0 / 1000 + steps * 30).expect("a time");
        totp.generate(seconds).to_string()
    }
}

/// A passkey in software, ES256. Change its fields and it lies.
pub struct Authenticator {
    key: EcdsaKeyPair,
    pub id: Vec<u8>,
    pub handle: Vec<u8>,
    pub origin: String,
    pub rp_id: String,
    pub counter: u32,
    /// 0x01 present, 0x04 verified.
    pub flags: u8,
}

impl Authenticator {
    pub fn new(origin: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let id = Sha256::digest(key.public_key().as_ref()).to_vec();
        Self {
            key,
            id,
            handle: Vec::new(),
            origin: origin.to_owned(),
            rp_id: "localhost".to_owned(),
            counter: 0,
            flags: 0x05,
        }
    }

    fn client_data(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        let challenge = challenge["publicKey"]["challenge"].as_str().expect("a challenge");
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// Answers a challenge for a registration, without attestation.
    pub fn register(&mut self, challenge: &Value) -> String {
        let user = challenge["publicKey"]["user"]["id"].as_str().expect("a user");
        self.handle = BASE64.decode(user).expect("base64url");
        let client_data = self.client_data("webauthn.create", challenge);
        let mut data = self.data(self.flags | 0x40);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        let point = self.key.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..65]);
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x58");
        object.push(u8::try_from(data.len()).expect("short"));
        object.extend(data);
        json!({
            "id": BASE64.encode(&self.id), "rawId": BASE64.encode(&self.id), "type": "public-key",
            "response": { "clientDataJSON": BASE64.encode(client_data), "attestationObject": BASE64.encode(object) },
            "clientExtensionResults": {},
        })
        .to_string()
    }

    /// Answers a challenge with a signature.
    pub fn answer(&mut self, challenge: &Value) -> String {
        let client_data = self.client_data("webauthn.get", challenge);
        let data = self.data(self.flags);
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        json!({
            "id": BASE64.encode(&self.id), "rawId": BASE64.encode(&self.id), "type": "public-key",
            "response": {
                "clientDataJSON": BASE64.encode(client_data), "authenticatorData": BASE64.encode(data),
                "signature": BASE64.encode(signature.as_ref()), "userHandle": BASE64.encode(&self.handle),
            },
            "clientExtensionResults": {},
        })
        .to_string()
    }
}

impl Visitor {
    /// Asks for a passkey's challenge, as the page's script does.
    pub fn challenge(&self, purpose: &str) -> Value {
        let page = self.post("/login/passkey/challenge", &[("for", purpose)]);
        assert_eq!(page.status, 200, "{}", page.text());
        page.json()
    }

    /// Sends an answer to this challenge.
    pub fn present(&self, path: &str, challenge: &Value, credential: &str) -> Page {
        let id = challenge["id"].as_str().expect("an id");
        self.post(
            path,
            &[
                ("challenge", id),
                ("credential", credential),
                ("name", "Test key"),
            ],
        )
    }

    /// Registers a passkey of the name "Test key".
    pub fn register_key(&self) -> Authenticator {
        let mut key = Authenticator::new(&self.base);
        let challenge = self.challenge("registration");
        let credential = key.register(&challenge);
        let done = self.present("/account/factors/passkeys", &challenge, &credential);
        assert_eq!(done.to(), "/account/factors", "{}", done.text());
        key
    }

    /// Sets up an authenticator app; the page that the confirmation gave.
    pub fn set_up_phone(&self, now: Timestamp) -> Phone {
        assert_eq!(
            self.post("/account/factors/authenticator", &[]).to(),
            "/account/factors/authenticator"
        );
        let phone = Phone::scan(&self.get("/account/factors/authenticator"));
        let done = self.post(
            "/account/factors/authenticator/confirmation",
            &[("code", &phone.code(now, 0))],
        );
        assert_eq!(done.to(), "/account/factors", "{}", done.text());
        phone
    }
}
