//! XML Encryption by hand with aws-lc-rs: a fresh AES key for the data, RSA-OAEP for that key.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward::saml::Certificate;

/// How an assertion is encrypted.
#[derive(Clone)]
pub struct Encrypt {
    pub to: Certificate,
    /// `aes128-gcm`, `aes256-gcm`, `aes128-cbc` or `aes256-cbc`.
    pub cipher: &'static str,
    /// RSA-OAEP with SHA-256 for both hashes (XML Encryption 1.1) instead of the older mgf1p with SHA-1.
    pub oaep_sha256: bool,
    /// Puts the EncryptedKey beside the EncryptedData instead of into its KeyInfo.
    pub key_beside: bool,
}

impl Encrypt {
    /// AES-256-GCM with RSA-OAEP-MGF1P, the key inside.
    pub fn to(certificate: &Certificate) -> Self {
        Self {
            to: certificate.clone(),
            cipher: "aes256-gcm",
            oaep_sha256: false,
            key_beside: false,
        }
    }

    /// `plaintext` as an EncryptedAssertion with the prefix `saml`, which must be declared around it.
    pub fn seal(&self, prefix: &str, plaintext: &str) -> String {
        let mut key = vec![0; if self.cipher.starts_with("aes256") { 32 } else { 16 }];
        getrandom::fill(&mut key).unwrap();
        let data = STANDARD.encode(self.seal_data(&key, plaintext.as_bytes()));
        let method = if self.cipher.ends_with("gcm") {
            format!("http://www.w3.org/2009/xmlenc11#{}", self.cipher)
        } else {
            format!("http://www.w3.org/2001/04/xmlenc#{}", self.cipher)
        };
        let sealed_key = self.seal_key(&key);
        let (inside, beside) = if self.key_beside {
            (
                r##"<ds:RetrievalMethod Type="http://www.w3.org/2001/04/xmlenc#EncryptedKey" URI="#_ek"/>"##,
                sealed_key.as_str(),
            )
        } else {
            (sealed_key.as_str(), "")
        };
        let p = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}:")
        };
        format!(
            r#"<{p}EncryptedAssertion><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="{method}"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{inside}</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{data}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>{beside}</{p}EncryptedAssertion>"#
        )
    }

    fn seal_key(&self, key: &[u8]) -> String {
        let (_, x509) = x509_parser::parse_x509_certificate(&self.to.der).unwrap();
        let public =
            OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(x509.public_key().raw).unwrap())
                .unwrap();
        let mut sealed = vec![0; public.ciphertext_size()];
        let oaep = if self.oaep_sha256 {
            &OAEP_SHA256_MGF1SHA256
        } else {
            &OAEP_SHA1_MGF1SHA1
        };
        let sealed = public.encrypt(oaep, key, &mut sealed, None).unwrap();
        let method = if self.oaep_sha256 {
            r#"<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep"><ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/></xenc:EncryptionMethod>"#
        } else {
            r#"<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/>"#
        };
        let value = STANDARD.encode(sealed);
        format!(
            r#"<xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Id="_ek">{method}<xenc:CipherData><xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"#
        )
    }

    fn seal_data(&self, key: &[u8], plaintext: &[u8]) -> Vec<u8> {
        if self.cipher.ends_with("gcm") {
            let algorithm = if key.len() == 32 {
                &aead::AES_256_GCM
            } else {
                &aead::AES_128_GCM
            };
            let mut nonce = [0; 12];
            getrandom::fill(&mut nonce).unwrap();
            let mut data = plaintext.to_vec();
            let aead = LessSafeKey::new(UnboundKey::new(algorithm, key).unwrap());
            aead.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut data)
                .unwrap();
            return [nonce.as_slice(), &data].concat();
        }
        let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
        let cbc =
            PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, key).unwrap()).unwrap();
        let mut data = plaintext.to_vec();
        let context = cbc.encrypt(&mut data).unwrap();
        let aws_lc_rs::cipher::DecryptionContext::Iv128(iv) = context else {
            unreachable!("CBC has an IV")
        };
        [iv.as_ref().as_slice(), &data].concat()
    }
}
