//! What can be watched, by id: the camera's stream and sources of RTP.
//!
//! [`Mountpoints`] is the registry. What is asked of `janus.plugin.streaming` about mountpoints is
//! done here; who watches which is the gateway's affair.
//!
//! * [`config`]: one mountpoint as a user writes it
//! * [`entry`]: one mountpoint as it lives: what is told of it and to whom
//! * [`source`]: what gives it its media
//! * [`store`]: the file that mountpoints are kept in
//! * [`request`]: mountpoints that are asked for by clients
//! * [`recordings`]: what of one goes to files

mod config;
mod entry;
mod error;
mod recordings;
mod request;
mod source;
mod store;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use fanlight_protocol::streaming::{
    Create, Created, Edit, Info, Listed, MediaKind, MountpointId, RecordingAction, Target, Watch,
};

use self::entry::{About, Mountpoint, check_admin_key};
use self::source::{Open, open_rtp};
use self::store::Store;
use crate::secret::Secret;
use crate::stream::{Stream, Track, lock};
pub(crate) use config::{MediaConfig, MountpointConfig};
pub(crate) use error::{MountpointError, MountpointsError};

/// No more are made on request: each takes ports and a thread.
const MAX_MOUNTPOINTS: usize = 256;

/// No more is said of all together on request, in bytes: a list has all of it, and with every
/// character escaped it has to fit into what is kept for a client.
const MAX_TEXTS: usize = 512 << 10;

/// How mountpoints are set up.
#[derive(Debug, Default)]
pub(crate) struct MountpointsConfig {
    /// The file that mountpoints are read from, and written to when they are to be permanent.
    pub(crate) file: Option<PathBuf>,
    /// More that are there from the beginning, unless the file has one of the same id. They are not
    /// written to the file.
    pub(crate) mountpoints: Vec<MountpointConfig>,
    /// The one that clients get who cannot choose. Without it the camera's, else the first that is
    /// neither private nor has a PIN.
    pub(crate) default: Option<MountpointId>,
    /// Asked of those who make mountpoints, and of those who manage one that has no secret.
    pub(crate) admin_key: Option<Secret>,
    /// The directory that recordings are written to. Nothing is recorded without it.
    pub(crate) recordings: Option<PathBuf>,
}

/// All mountpoints. Clones are handles to the same ones.
#[derive(Clone)]
pub(crate) struct Mountpoints {
    registry: Arc<Mutex<Registry>>,
}

struct Registry {
    by_id: BTreeMap<MountpointId, Mountpoint>,
    /// Those of the configuration that could not be opened. Their numbers stay theirs.
    left_out: BTreeSet<MountpointId>,
    default: Option<MountpointId>,
    admin_key: Option<Secret>,
    recordings: Option<PathBuf>,
    store: Option<Store>,
    open: Open,
}

/// What viewers of a mountpoint are to be offered.
pub(crate) struct Offering {
    /// The name of the session.
    pub(crate) session_name: String,
    /// The media with their mids, in the order of the offer.
    pub(crate) tracks: Vec<(String, Arc<dyn Track>)>,
    /// Whether pictures are to be shown at once.
    pub(crate) is_prompt: bool,
    /// Whether frames say when they were captured.
    pub(crate) tells_capture_time: bool,
}

impl Mountpoints {
    /// Opens the sources of all mountpoints that are configured. One whose ports or networks cannot
    /// be had now is logged and left out: the others and the camera can be watched without it.
    pub(crate) fn start(config: MountpointsConfig) -> Result<Mountpoints, MountpointsError> {
        Mountpoints::with_sources(config, Box::new(open_rtp))
    }

    fn with_sources(
        config: MountpointsConfig,
        open: Open,
    ) -> Result<Mountpoints, MountpointsError> {
        let now = Instant::now();
        let (store, kept) = match config.file {
            Some(file) => Store::open(file).map(|(store, kept)| (Some(store), kept))?,
            None => (None, Vec::new()),
        };
        let mut registry = Registry {
            by_id: BTreeMap::new(),
            left_out: BTreeSet::new(),
            default: config.default,
            admin_key: config.admin_key,
            recordings: config.recordings,
            store,
            open,
        };
        let is_kept = |id| kept.iter().any(|kept: &MountpointConfig| kept.id == id);
        let (changed, others): (Vec<_>, Vec<_>) =
            (config.mountpoints.into_iter()).partition(|config| is_kept(config.id));
        for MountpointConfig { id, .. } in changed {
            tracing::info!("mountpoint {id} is taken from the file of the mountpoints");
        }
        for config in kept.into_iter().chain(others) {
            let id = config.id;
            match registry.add(now, config).map(|_| ()) {
                Ok(()) => {}
                Err(error) if error.is_passing() => {
                    tracing::error!("mountpoint {id} is left out: {error}");
                    registry.left_out.insert(id);
                }
                Err(error) => return Err(MountpointsError::Mountpoint { id, error }),
            }
        }
        Ok(Mountpoints {
            registry: Arc::new(Mutex::new(registry)),
        })
    }

    /// Puts the camera among them, if there is one: as number 1, or the smallest that is free. Now
    /// the default should be there.
    pub(crate) fn complete(&self, camera: Option<Stream>) {
        let mut registry = self.lock();
        if let Some(stream) = camera {
            let mut ids = (1..).map(MountpointId);
            let free = ids.find(|id| !registry.is_taken(*id));
            let id = free.unwrap_or(MountpointId(u64::MAX));
            let camera = Mountpoint::camera(id, stream, Instant::now());
            registry.by_id.insert(id, camera);
        }
        let is_missing = |id: &MountpointId| !registry.by_id.contains_key(id);
        if let Some(id) = registry.default.filter(is_missing) {
            tracing::warn!("there is no mountpoint {id} to be the default");
        }
    }

    /// The one that clients get who cannot choose, if there is any at all: the one that was named,
    /// else one that is not private, those that ask for no PIN before others and the camera before
    /// all.
    pub(crate) fn default_id(&self) -> Option<MountpointId> {
        let registry = self.lock();
        let named = registry
            .default
            .filter(|id| registry.by_id.contains_key(id));
        let public = registry.by_id.values().filter(|m| !m.about.is_private);
        // Of those alike the first, which has the smallest number.
        let first = || public.min_by_key(|m| (m.about.pin.is_some(), !m.is_camera()));
        named.or_else(|| first().map(|mountpoint| mountpoint.id))
    }

    /// Whether viewers can be given a picture; the reason, in words for people, when not.
    pub(crate) fn readiness(&self, id: MountpointId) -> Result<(), String> {
        match self.lock().by_id.get(&id) {
            Some(mountpoint) => mountpoint.readiness(),
            None => Err(MountpointError::NoSuch(id).to_string()),
        }
    }

    /// The public ones.
    pub(crate) fn list(&self, now: Instant) -> Vec<Listed> {
        let registry = self.lock();
        let public = registry.by_id.values().filter(|m| !m.about.is_private);
        public.map(|mountpoint| mountpoint.listed(now)).collect()
    }

    /// What is known of one, for somebody who says `target`. `viewers` watch it.
    pub(crate) fn info(
        &self,
        now: Instant,
        target: &Target,
        viewers: usize,
    ) -> Result<Info, MountpointError> {
        let registry = self.lock();
        let mountpoint = registry.get(target.id)?;
        let trusted = mountpoint.trusts(target, registry.admin_key.as_ref());
        Ok(mountpoint.info(now, trusted, viewers))
    }

    /// Makes one. Returns its name and what is told of it.
    pub(crate) fn create(
        &self,
        now: Instant,
        create: &Create,
    ) -> Result<(String, Created), MountpointError> {
        let mut registry = self.lock();
        if let Some(key) = &registry.admin_key {
            check_admin_key(key, create.admin_key.as_deref())?;
        }
        let taken = |id: &MountpointId| registry.is_taken(*id);
        if create.id.as_ref().is_some_and(taken) {
            return Err(MountpointError::Exists);
        }
        // Numbers up to this survive JavaScript.
        let mut random = std::iter::repeat_with(|| MountpointId(rand::random_range(1..1 << 53)));
        let id = create.id.or_else(|| random.find(|id| !taken(id)));
        let id = id.ok_or(MountpointError::TooMany)?;
        let (config, is_old_style) = request::config(create, id)?;
        if create.permanent && registry.store.is_none() {
            return Err(MountpointError::NoFile("create"));
        }
        let mountpoint = registry.add(now, config)?;
        let about = mountpoint.about.clone();
        let answer = (
            mountpoint.name().to_owned(),
            mountpoint.created(is_old_style),
        );
        if registry.said() > MAX_TEXTS {
            registry.by_id.remove(&id);
            return Err(MountpointError::TooMuchText);
        }
        if create.permanent
            && let Err(error) = registry.keep(id, &about, "create")
        {
            registry.by_id.remove(&id);
            return Err(error);
        }
        tracing::info!(mountpoint = %id, "made a mountpoint");
        Ok(answer)
    }

    /// Changes what is said of one.
    pub(crate) fn edit(&self, edit: &Edit) -> Result<(), MountpointError> {
        let mut registry = self.lock();
        let id = edit.target.id;
        registry.authorised(&edit.target)?;
        if edit.permanent && registry.store.is_none() {
            return Err(MountpointError::NoFile("edit"));
        }
        let mut about = registry.get(id)?.about.clone();
        let before = about.bytes();
        request::edit(&mut about, edit);
        let more = about.bytes().saturating_sub(before);
        if more > 0 && registry.said() + more > MAX_TEXTS {
            return Err(MountpointError::TooMuchText);
        }
        if edit.permanent {
            registry.keep(id, &about, "edit")?;
        }
        registry.get_mut(id)?.about = about;
        Ok(())
    }

    /// Ends one. Those who watch it are the caller's affair.
    pub(crate) fn destroy(&self, target: &Target, permanent: bool) -> Result<(), MountpointError> {
        let mut registry = self.lock();
        if registry.authorised(target)?.is_camera() {
            return Err(MountpointError::CameraStays);
        }
        if permanent {
            let store = registry.store.as_ref();
            store
                .ok_or(MountpointError::NoFile("destroy"))?
                .remove(target.id)?;
        }
        let ended = registry.by_id.remove(&target.id);
        // Its source is waited for, which nobody else need do.
        drop(registry);
        drop(ended);
        tracing::info!(mountpoint = %target.id, "ended a mountpoint");
        Ok(())
    }

    /// Lets viewers in, or not. Those who watch it are the caller's affair.
    pub(crate) fn set_enabled(&self, target: &Target, on: bool) -> Result<(), MountpointError> {
        let mut registry = self.lock();
        registry.authorised(target)?;
        registry.get_mut(target.id)?.set_enabled(on);
        Ok(())
    }

    /// Begins or ends to record one.
    pub(crate) fn record(
        &self,
        target: &Target,
        action: &RecordingAction,
    ) -> Result<(), MountpointError> {
        let mut registry = self.lock();
        registry.authorised(target)?;
        let directory = registry.recordings.clone();
        let mountpoint = registry.get_mut(target.id)?;
        match action {
            RecordingAction::Start { media } => {
                let missing = MountpointError::NothingNamed("audio, video and/or data");
                let media = media.as_ref().ok_or(missing)?;
                mountpoint.record(directory.as_deref(), media)
            }
            RecordingAction::Stop { media } => {
                // The words differ in Janus, too.
                let missing = MountpointError::NothingNamed("audio, video and or data");
                mountpoint.stop_recording(media.as_ref().ok_or(missing)?);
                Ok(())
            }
        }
    }

    /// Ends all recordings of one.
    pub(crate) fn stop_recordings(&self, id: MountpointId) {
        if let Some(mountpoint) = self.lock().by_id.get_mut(&id) {
            mountpoint.stop_all_recordings();
        }
    }

    /// Ends all recordings and waits until their files are complete.
    pub(crate) fn finish_recordings(&self) {
        let mut registry = self.lock();
        let mountpoints = registry.by_id.values_mut();
        mountpoints.for_each(Mountpoint::finish_recordings);
    }

    /// Whether somebody may manage one, who says `target`.
    pub(crate) fn authorise(&self, target: &Target) -> Result<(), MountpointError> {
        self.lock().authorised(target).map(|_| ())
    }

    /// Whether viewers are let in. Not where there is none.
    pub(crate) fn is_enabled(&self, id: MountpointId) -> bool {
        self.lock().get(id).is_ok_and(Mountpoint::enabled)
    }

    /// The mids of the media that somebody wishes for, if they may have them.
    pub(crate) fn admit(&self, watch: &Watch) -> Result<Vec<String>, MountpointError> {
        let registry = self.lock();
        let mountpoint = registry.get(watch.id)?;
        mountpoint.admit(watch.pin.as_deref())?;
        Ok(mountpoint.wanted(watch))
    }

    /// The name, which only its managers and administrators are shown.
    pub(crate) fn name(&self, id: MountpointId) -> Option<String> {
        let registry = self.lock();
        let mountpoint = registry.get(id).ok()?;
        Some(mountpoint.name().to_owned())
    }

    /// The mids and kinds of all media.
    pub(crate) fn media(&self, id: MountpointId) -> Vec<(String, MediaKind)> {
        let registry = self.lock();
        let media = registry.get(id).map(|mountpoint| mountpoint.media.iter());
        let media = media.into_iter().flatten();
        media
            .map(|medium| (medium.mid.clone(), medium.kind))
            .collect()
    }

    /// What viewers of these media are to be offered.
    pub(crate) fn offering(
        &self,
        id: MountpointId,
        mids: &[String],
    ) -> Result<Offering, MountpointError> {
        Ok(self.lock().get(id)?.offering(mids))
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        lock(&self.registry)
    }
}

impl Registry {
    fn add(
        &mut self,
        now: Instant,
        config: MountpointConfig,
    ) -> Result<&Mountpoint, MountpointError> {
        let id = config.id;
        if self.by_id.contains_key(&id) {
            return Err(MountpointError::Exists);
        }
        if self.by_id.len() >= MAX_MOUNTPOINTS {
            return Err(MountpointError::TooMany);
        }
        let source = (self.open)(&format!("mountpoint {id}"), &config.rtp()?)?;
        let mountpoint = Mountpoint::rtp(config, source, now)?;
        let About { pin, secret, .. } = &mountpoint.about;
        if pin.is_some() && secret.is_none() && self.admin_key.is_none() {
            tracing::warn!(
                "the PIN of mountpoint {id} is told to everybody who asks: give it a secret, or set \
                 admin-key"
            );
        }
        Ok(self.by_id.entry(id).or_insert(mountpoint))
    }

    /// How much a list says, in bytes.
    fn said(&self) -> usize {
        self.by_id.values().map(Mountpoint::said).sum()
    }

    fn is_taken(&self, id: MountpointId) -> bool {
        self.by_id.contains_key(&id) || self.left_out.contains(&id)
    }

    fn get(&self, id: MountpointId) -> Result<&Mountpoint, MountpointError> {
        self.by_id.get(&id).ok_or(MountpointError::NoSuch(id))
    }

    fn get_mut(&mut self, id: MountpointId) -> Result<&mut Mountpoint, MountpointError> {
        self.by_id.get_mut(&id).ok_or(MountpointError::NoSuch(id))
    }

    /// The mountpoint, for somebody who may manage it.
    fn authorised(&self, target: &Target) -> Result<&Mountpoint, MountpointError> {
        let mountpoint = self.get(target.id)?;
        mountpoint.authorise(target, self.admin_key.as_ref())?;
        Ok(mountpoint)
    }

    /// Writes one to the file, of which this is said.
    fn keep(
        &self,
        id: MountpointId,
        about: &About,
        what: &'static str,
    ) -> Result<(), MountpointError> {
        let kept = self.get(id)?.kept(about);
        let config = kept.ok_or(MountpointError::CameraStays)?;
        let store = self.store.as_ref().ok_or(MountpointError::NoFile(what))?;
        Ok(store.put(&config)?)
    }
}
