//! The options, from the command line and from the file: every key of the file is a flag.
//!
//! A line `bitrate = 2000` of the file is read as `--bitrate=2000` would be, so both know the same
//! names, take the same values and fail with the same words.

mod access;
mod import;
mod mountpoints;

use std::any::TypeId;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};
use toml::de::{DeTable, DeValue};

pub(crate) use self::access::AccessOptions;
pub(crate) use self::import::ImportCommand;
pub(crate) use self::mountpoints::MountpointOptions;
use crate::config::{LogFilter, QpRange};
use crate::encode::EncoderSettings;
use crate::import::{Import, ImportError};
use crate::picture::Size;
use crate::source::{CameraSpec, Idle};

/// Shows a camera or an HDMI capture device in a browser, over WebRTC.
///
/// Without options it shows the first capture device of this machine, or a test pattern where
/// there is none, at http://127.0.0.1:8080 to browsers on this machine.
#[derive(Debug, Parser)]
#[command(version, after_help = OPEN_TO_NETWORK, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    /// Something else than to serve.
    #[command(subcommand)]
    pub(crate) command: Option<ImportCommand>,

    /// Where pictures come from: `auto`, `test`, `v4l2:/dev/videoN` or `none`
    ///
    /// `auto` takes the first capture device, or the test pattern where there is none. With `none`
    /// there is no camera, only mountpoints.
    #[arg(long, value_name = "SPEC", default_value_t, help_heading = "Picture")]
    pub(crate) source: CameraSpec,

    /// Size of the picture; without it the source's best
    #[arg(long, value_name = "WxH", help_heading = "Picture")]
    pub(crate) size: Option<Size>,

    /// Pictures a second; without it the source's best
    #[arg(long, value_name = "N", help_heading = "Picture",
          value_parser = clap::value_parser!(u32).range(1..=240))]
    pub(crate) fps: Option<u32>,

    /// Bit rate of the video, in kbit/s
    #[arg(long, value_name = "KBPS", help_heading = "Picture",
          default_value_t = EncoderSettings::default().kbps, value_parser = kbps())]
    pub(crate) bitrate: u32,

    /// Finest and coarsest quantiser, between 12 and 51
    ///
    /// The coarsest bounds how ugly the picture may get, and with that how far the bit rate can
    /// be kept when there is too much to see.
    #[arg(
        long,
        value_name = "MIN-MAX",
        help_heading = "Picture",
        default_value_t
    )]
    pub(crate) qp: QpRange,

    /// What becomes of the camera while nobody watches: `keep` it running or `close` it
    ///
    /// A camera that is kept shows its picture at once; one that is closed is free for others.
    #[arg(long, value_name = "WHAT", help_heading = "Picture", default_value_t)]
    pub(crate) idle: Idle,

    /// Address of the page and of the Janus API; may be given more than once
    #[arg(
        long,
        value_name = "ADDR:PORT",
        help_heading = "Network",
        default_value = "127.0.0.1:8080",
        value_parser = socket_address
    )]
    pub(crate) listen: Vec<SocketAddr>,

    /// Address of the media, one UDP port for all viewers; may be given more than once
    ///
    /// Without it: port 8189 of the addresses of --listen.
    #[arg(long, value_name = "ADDR:PORT", help_heading = "Network", value_parser = socket_address)]
    pub(crate) rtc: Vec<SocketAddr>,

    /// Address at which viewers reach this machine through a NAT; may be given more than once
    ///
    /// The NAT has to forward the UDP port of the media to this machine.
    #[arg(long, value_name = "IP", help_heading = "Network")]
    pub(crate) public_ip: Vec<IpAddr>,

    /// Leave the checks of the connection to the viewer (ICE-lite, RFC 8445)
    #[arg(long, help_heading = "Network")]
    pub(crate) ice_lite: bool,

    /// Send candidates one by one after the offer instead of inside it
    #[arg(long, help_heading = "Network")]
    pub(crate) full_trickle: bool,

    /// Page that may watch, as in `https://kvm.example.org`; `*` is every page
    ///
    /// `null` is one without an origin, from a file for instance.
    /// May be given more than once. Pages of this machine always may, and so may the server's own
    /// when it was reached by an address or a name of the local network.
    #[arg(long, value_name = "ORIGIN", help_heading = "Network", value_parser = origin)]
    pub(crate) allow_origin: Vec<String>,

    /// STUN server that viewers are told to use, as in `stun:stun.example.org:3478`
    ///
    /// Viewers need it only if they are behind a NAT that lets nothing in.
    #[arg(long, value_name = "URL", help_heading = "Network", value_parser = stun_url)]
    pub(crate) stun: Option<String>,

    #[command(flatten)]
    pub(crate) mountpoints: MountpointOptions,

    #[command(flatten)]
    pub(crate) access: AccessOptions,

    /// File with the same options: `bitrate = 2000` is `--bitrate 2000`; flags win over it
    ///
    /// Paths in it are relative to its directory.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Directory with configuration files of Janus to be used as they are
    ///
    /// Flags and --config win over it. `fanlight import-janus DIR` shows what becomes of them.
    #[arg(long, value_name = "DIR")]
    pub(crate) janus_config: Option<PathBuf>,

    /// What is in the files of --janus-config.
    #[arg(skip)]
    pub(crate) imported: Import,

    /// What is logged: `off`, `error`, `warn`, `info`, `debug`, `trace`
    ///
    /// Parts may differ, as in `info,fanlight::peer=debug`.
    #[arg(long, value_name = "LEVEL", default_value_t)]
    pub(crate) log: LogFilter,
}

const OPEN_TO_NETWORK: &str = "\
To open it to the network:
  fanlight --listen 0.0.0.0:8080
The page is then at http://ADDRESS:8080 for every address of this machine, and media use UDP port
8189 of the same addresses: let both through the firewall. There is no password unless you set
one: whoever reaches the port sees the picture.";

/// Why the options cannot be used. Shown as it is; it says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OptionsError {
    /// The command line is wrong, or asks for help or the version.
    #[error(transparent)]
    CommandLine(#[from] clap::Error),
    /// The file cannot be read.
    #[error("cannot read {}: {error}", file.display())]
    Read {
        file: PathBuf,
        error: std::io::Error,
    },
    /// The file is wrong.
    #[error("{}:{line}: {reason}", file.display())]
    File {
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        reason: String,
    },
    /// The files of Janus are wrong.
    #[error(transparent)]
    Janus(#[from] ImportError),
}

impl Options {
    /// Reads the options of a command line, which begins with the program's name, and of the file
    /// that it names.
    pub(crate) fn read(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Options, OptionsError> {
        let mut all: Vec<OsString> = arguments.into_iter().collect();
        let mut given = command().try_get_matches_from(&all)?;
        if let Some(file) = given.get_one::<PathBuf>("config").cloned() {
            let text = std::fs::read_to_string(&file).map_err(|error| OptionsError::Read {
                file: file.clone(),
                error,
            })?;
            let settings = Setting::read_all(&file, &text)?;
            let flags = settings
                .into_iter()
                .map(|setting| (setting.key, setting.flags));
            insert(&mut all, &given, flags);
            given = command().try_get_matches_from(&all)?;
        }
        let mut imported = Import::default();
        if let Some(directory) = given.get_one::<PathBuf>("janus_config").cloned() {
            imported = Import::read(&[directory])?;
            let flags = imported.options.flags();
            insert(
                &mut all,
                &given,
                flags.map(|(key, flags)| (key.to_owned(), flags)),
            );
            given = command().try_get_matches_from(&all)?;
        }
        Ok(Options {
            imported,
            ..Options::from_arg_matches(&given)?
        })
    }
}

/// Puts flags in front of those of a command line that has been read as `given`, which win: a list
/// of flags replaces another instead of adding to it.
fn insert(
    all: &mut Vec<OsString>,
    given: &clap::ArgMatches,
    flags: impl Iterator<Item = (String, Vec<String>)>,
) {
    let is_given =
        |key: &str| given.value_source(&key.replace('-', "_")) == Some(ValueSource::CommandLine);
    let flags = flags
        .filter(|(key, _)| !is_given(key))
        .flat_map(|(_, flags)| flags);
    all.splice(1..1, flags.map(OsString::from));
}

/// One line of the file.
struct Setting {
    key: String,
    /// The flags that say the same.
    flags: Vec<String>,
}

impl Setting {
    fn read_all(file: &Path, text: &str) -> Result<Vec<Setting>, OptionsError> {
        let at = |offset: usize, reason: String| OptionsError::File {
            file: file.to_owned(),
            line: 1 + text.bytes().take(offset).filter(|b| *b == b'\n').count(),
            reason,
        };
        let table = DeTable::parse(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            at(offset, error.message().replace('\n', ", "))
        })?;
        let mut settings = Vec::new();
        for (key, value) in table.get_ref() {
            let (key, offset) = (key.get_ref().as_ref(), key.span().start);
            let directory = file.parent().unwrap_or(Path::new(""));
            let setting = Setting::read(directory, key, value.get_ref());
            let setting = setting.map_err(|reason| at(offset, reason))?;
            settings.push(setting);
        }
        Ok(settings)
    }

    fn read(directory: &Path, key: &str, value: &DeValue<'_>) -> Result<Setting, String> {
        let command = command();
        let known = || command.get_arguments().filter(|arg| is_key(arg));
        let Some(arg) = known().find(|arg| arg.get_long() == Some(key)) else {
            let near = known()
                .filter_map(|arg| arg.get_long())
                .map(|name| (strsim::jaro_winkler(name, key), name))
                .filter(|(likeness, _)| *likeness > 0.7)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            return Err(match near {
                Some((_, name)) => format!("there is no key `{key}`: did you mean `{name}`?"),
                None => format!("there is no key `{key}`: see fanlight --help"),
            });
        };
        let is_path = arg.get_value_parser().type_id() == TypeId::of::<PathBuf>();
        let flag = |value| {
            let text = scalar(key, value)?;
            let text = match is_path {
                true => directory.join(text).to_string_lossy().into_owned(),
                false => text,
            };
            Ok::<_, String>(format!("--{key}={text}"))
        };
        let flags = match (arg.get_action(), value) {
            (ArgAction::SetTrue, DeValue::Boolean(true)) => vec![format!("--{key}")],
            (ArgAction::SetTrue, DeValue::Boolean(false)) => vec![],
            (ArgAction::SetTrue, _) => return Err(format!("`{key}` is true or false")),
            (ArgAction::Append, DeValue::Array(values)) => values
                .iter()
                .map(|value| flag(value.get_ref()))
                .collect::<Result<_, _>>()?,
            (_, value) => vec![flag(value)?],
        };
        let line = std::iter::once("fanlight").chain(flags.iter().map(String::as_str));
        if let Err(error) = command.clone().try_get_matches_from(line) {
            return Err(one_line(&error));
        }
        Ok(Setting {
            key: key.to_owned(),
            flags,
        })
    }
}

fn command() -> clap::Command {
    Options::command().args_override_self(true)
}

/// Whether a flag makes sense in the file.
fn is_key(arg: &clap::Arg) -> bool {
    !matches!(
        arg.get_id().as_str(),
        "config" | "janus_config" | "help" | "version"
    )
}

fn kbps() -> clap::builder::RangedI64ValueParser<u32> {
    let (least, most) = EncoderSettings::KBPS.into_inner();
    clap::value_parser!(u32).range(i64::from(least)..=i64::from(most))
}

fn socket_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "write ADDRESS:PORT, as in 127.0.0.1:8080 or [::]:8080")
}

/// The origin of pages, or `*`.
pub(crate) fn origin(text: &str) -> Result<String, &'static str> {
    let host = text.split_once("://").map(|(_, host)| host);
    let is_host = |host: &str| !host.is_empty() && !host.contains(['/', ' ']);
    (text == "*" || text == "null" || host.is_some_and(is_host))
        .then(|| text.to_owned())
        .ok_or("write SCHEME://HOST[:PORT] without a path, as in https://kvm.example.org, or *")
}

/// The address of a STUN server.
pub(crate) fn stun_url(text: &str) -> Result<String, &'static str> {
    let host = text
        .strip_prefix("stun:")
        .or_else(|| text.strip_prefix("stuns:"));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
        .then(|| text.to_owned())
        .ok_or("write stun:HOST[:PORT], as in stun:stun.example.org:3478")
}

fn scalar(key: &str, value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Table(_) => Err(format!("`{key}` is one value, not a table")),
        DeValue::Array(_) => Err(format!("`{key}` is one value, not a list")),
        _ => Err(format!("`{key}` is a text or a whole number")),
    }
}

/// The first line of clap's error, which says what is wrong; the rest explains flags.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &str) -> Result<Options, OptionsError> {
        Options::read(
            std::iter::once("fanlight")
                .chain(arguments.split_whitespace())
                .map(OsString::from),
        )
    }

    /// The options of a file with this text and of these flags.
    fn read_file(text: &str, arguments: &str) -> Result<Options, OptionsError> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "fanlight-cli-{}-{}.toml",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, text).unwrap();
        let options = read(&format!("{arguments} --config {}", file.display()));
        std::fs::remove_file(file).unwrap();
        options
    }

    fn error(text: &str) -> String {
        let error = read_file(text, "").unwrap_err().to_string();
        let (_, line_and_reason) = error.split_once(".toml:").unwrap();
        line_and_reason.to_owned()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn paths_of_the_file_are_relative_to_it() {
        let options = read_file("mountpoints = 'rtp.toml'\nrecordings = '/srv'", "").unwrap();
        let mountpoints = crate::mountpoint::MountpointsConfig::from(options.mountpoints);
        assert_eq!(
            mountpoints.file,
            Some(std::env::temp_dir().join("rtp.toml"))
        );
        assert_eq!(mountpoints.recordings, Some("/srv".into()));
        let options = read("--mountpoints rtp.toml").unwrap();
        let mountpoints = crate::mountpoint::MountpointsConfig::from(options.mountpoints);
        assert_eq!(mountpoints.file, Some("rtp.toml".into()));
    }

    #[test]
    fn pages_are_let_in_as_browsers_name_them() {
        for origin in ["*", "null", "https://kvm.example.org:8443"] {
            let options = read(&format!("--allow-origin {origin}")).unwrap();
            assert_eq!(options.allow_origin, [origin]);
        }
    }

    #[test]
    fn what_can_never_work_is_refused() {
        for (flag, hint) in [
            ("--listen 127.0.0.1", "ADDRESS:PORT"),
            ("--rtc 8189", "ADDRESS:PORT"),
            ("--allow-origin kvm.example.org", "SCHEME://HOST"),
            ("--allow-origin https://kvm.example.org/", "SCHEME://HOST"),
            ("--stun stun.example.org", "stun:HOST"),
            ("--max-sessions 0", "1.."),
        ] {
            let error = read(flag).unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
        }
    }

    #[test]
    fn every_key_can_be_set_in_the_file() {
        let text = r#"
            source = "v4l2:/dev/video3"
            size = "640x480"
            fps = 25
            bitrate = 1000
            qp = "20-40"
            idle = "close"
            listen = ["0.0.0.0:80", "[::1]:81"]
            rtc = "0.0.0.0:9000"
            public-ip = ["203.0.113.7"]
            ice-lite = true
            full-trickle = true
            allow-origin = ["https://kvm.example.org"]
            stun = "stun:stun.example.org"
            api-secret = "secret"
            token-auth = true
            mountpoints = "mountpoints.toml"
            default-mountpoint = 10
            admin-key = "key"
            recordings = "/srv/recordings"
            token = ["token", "other janus.plugin.ustreamer"]
            token-auth-secret = "signing secret"
            acl = ["127.", "192.168.0.,10."]
            admin-secret = "admin secret"
            admin-listen = ["127.0.0.1:7088"]
            admin-acl = ["127."]
            server-name = "hall"
            session-timeout = 60
            reclaim-session-timeout = 5
            max-sessions = 100
            log = "debug"
        "#;
        for arg in Options::command().get_arguments().filter(|a| is_key(a)) {
            let key = arg.get_long().unwrap();
            assert!(text.contains(&format!("{key} = ")), "{key}");
        }
        let options = read_file(text, "").unwrap();
        assert_eq!(options.source.to_string(), "v4l2:/dev/video3");
        assert_eq!(options.fps, Some(25));
        assert_eq!(options.listen.len(), 2);
        assert_eq!(options.rtc, ["0.0.0.0:9000".parse::<SocketAddr>().unwrap()]);
        assert!(options.ice_lite && options.full_trickle);
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let options = read_file("bitrate = 1000\nfps = 10", "--bitrate 3000").unwrap();
        assert_eq!((options.bitrate, options.fps), (3000, Some(10)));
        assert_eq!(
            options.listen,
            ["127.0.0.1:8080".parse::<SocketAddr>().unwrap()]
        );
    }

    #[test]
    fn files_of_janus_are_options_over_which_all_others_win() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/import/tests/files");
        let flag = format!("--janus-config {directory}");
        let options = read(&flag).unwrap();
        assert_eq!(options.stun.as_deref(), Some("stun:stun.example.org:3479"));
        assert_eq!(options.public_ip.len(), 2);
        assert_eq!(options.imported.mountpoints.len(), 3);
        let flags = format!("{flag} --public-ip 192.0.2.1");
        let options = read_file("stun = 'stun:a'", &flags).unwrap();
        assert_eq!(options.stun.as_deref(), Some("stun:a"));
        assert_eq!(options.public_ip.len(), 1);
        assert!(options.full_trickle);
        let error = read("--janus-config /nowhere").unwrap_err().to_string();
        assert!(error.contains("/nowhere"), "{error}");
    }

    #[test]
    fn importing_is_a_command_of_its_own() {
        let options = read("import-janus a.jcfg b.jcfg").unwrap();
        assert!(options.command.is_some());
        assert!(read("--fps 5 import-janus a.jcfg").is_err());
        assert!(read("import-janus").is_err());
    }

    #[test]
    fn lists_of_flags_replace_the_lists_of_the_file() {
        let options = read_file("listen = ['0.0.0.0:80']", "--listen 127.0.0.1:81").unwrap();
        assert_eq!(
            options.listen,
            ["127.0.0.1:81".parse::<SocketAddr>().unwrap()]
        );
        let options = read_file("public-ip = ['192.0.2.1']", "--public-ip 192.0.2.2").unwrap();
        assert_eq!(options.public_ip.len(), 1);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_key_it_looks_like() {
        assert_eq!(
            error("fps = 5\nbitrat = 1"),
            "2: there is no key `bitrat`: did you mean `bitrate`?"
        );
        assert_eq!(
            error("\n\nzzz = 1"),
            "3: there is no key `zzz`: see fanlight --help"
        );
        assert!(error("config = 'x'").contains("no key `config`"));
        assert!(error("[server]\nfps = 1").contains("no key `server`"));
    }

    #[test]
    fn a_bad_value_is_named_with_its_line_and_what_would_be_good() {
        let text = error("fps = 5\nbitrate = 0");
        assert!(text.starts_with("2: "), "{text}");
        assert!(text.contains("--bitrate") && text.contains("50"), "{text}");
        assert!(error("source = 'webcam'").contains("v4l2:/dev/videoN"));
        assert_eq!(error("ice-lite = 1"), "1: `ice-lite` is true or false");
        assert_eq!(error("fps = [1]"), "1: `fps` is one value, not a list");
        assert_eq!(error("fps = 1.5"), "1: `fps` is a text or a whole number");
    }

    #[test]
    fn a_file_that_is_not_toml_is_named_with_the_line() {
        assert!(error("fps = 5\nsource = test").starts_with("2: "));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read("--config /does/not/exist").unwrap_err().to_string();
        assert!(
            error.starts_with("cannot read /does/not/exist: "),
            "{error}"
        );
    }

    const REFERENCE: &str = include_str!("../../docs/reference/options.md");

    #[test]
    fn the_reference_lists_every_option_and_no_other() {
        let mut listed: Vec<&str> = REFERENCE
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        let command = Options::command();
        let mut known: Vec<&str> = command
            .get_arguments()
            .filter_map(|arg| arg.get_long())
            .filter(|name| !matches!(*name, "help" | "version"))
            .collect();
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(listed, known);
    }

    #[test]
    fn the_complete_file_of_the_reference_is_one() {
        let (_, file) = REFERENCE.split_once("```toml\n").unwrap();
        let (file, _) = file.split_once("```").unwrap();
        read_file(file, "").unwrap();
        for arg in Options::command().get_arguments().filter(|a| is_key(a)) {
            let key = arg.get_long().unwrap();
            assert!(file.contains(&format!("{key} = ")), "{key}");
        }
    }
}
