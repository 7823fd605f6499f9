//! Keys kept ready: our own, and every connection's pinned certificates in the form that verifying wants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::error::{Error, Result};
use crate::flows::{Context, Who};
use crate::model::{Connection, ConnectionId};
use crate::saml::{Certificate, SpKey, TrustedKeys};
use crate::store;
use crate::vault::Place;

const PURPOSE: &str = "saml";
const PLACE: Place<'static> = Place {
    table: "own_keys",
    row: PURPOSE,
    column: "sealed",
};

/// A cache; nothing in it is the only copy.
#[derive(Default)]
pub struct Trust {
    own: OnceCell<Arc<SpKey>>,
    pinned: Mutex<HashMap<ConnectionId, (i64, Arc<TrustedKeys>)>>,
}

impl Trust {
    /// The connection's certificates, prepared once for each version of its settings.
    pub fn pinned(&self, connection: &Connection) -> Result<Arc<TrustedKeys>> {
        let mut kept = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, keys)) = kept.get(&connection.id)
            && *version == connection.version
        {
            return Ok(keys.clone());
        }
        let pinned = connection.saml.idp.iter().flat_map(|idp| &idp.certificates);
        let certificates: Vec<Certificate> = pinned
            .map(|c| Certificate::from_der(&c.der))
            .collect::<Result<_, _>>()
            .map_err(Error::internal)?;
        let keys = Arc::new(TrustedKeys::new(&certificates));
        kept.insert(connection.id, (connection.version, keys.clone()));
        Ok(keys)
    }
}

impl Context {
    /// Our own SAML key: signs requests, opens encrypted assertions. Made at its first use and sealed.
    pub async fn sp_key(&self) -> Result<Arc<SpKey>> {
        let key = self.trust.own.get_or_try_init(|| async {
            let kept = self.store.reading(|r| store::own_keys::find(r, PURPOSE)).await?;
            match kept {
                Some(sealed) => self.unseal(&sealed),
                None => self.make_key().await,
            }
        });
        key.await.cloned()
    }

    fn unseal(&self, sealed: &[u8]) -> Result<Arc<SpKey>> {
        let bytes = self.vault.unseal(PLACE, sealed)?;
        SpKey::from_secret_bytes(&bytes)
            .map(Arc::new)
            .map_err(Error::internal)
    }

    async fn make_key(&self) -> Result<Arc<SpKey>> {
        let now = self.now();
        let made = tokio::task::spawn_blocking(move || SpKey::generate("Doorward", now)).await;
        let key = made.map_err(Error::internal)?.map_err(Error::internal)?;
        let sealed = self.vault.seal(PLACE, &key.to_secret_bytes(), &self.random)?;
        self.act(Who::Doorward, move |act| {
            store::own_keys::insert(act.w, PURPOSE, &sealed, act.now)
        })
        .await?;
        Ok(Arc::new(key))
    }
}
