//! `janus.plugin.ustreamer.jcfg`: µStreamer's plugin, in both spellings.

use super::Import;
use super::remarks::Reasons;
use super::section::Section;

const ITSELF: &str =
    "Fanlight takes the camera itself: stop µStreamer and set `source`, as in v4l2:/dev/video0";
const NO_SOUND: &str = "sound is not captured";

const MEMSINK: &Reasons = &[(&["sink", "object"], ITSELF)];
const SOUND: &Reasons = &[(&["device", "tc358743", "sampling_rate"], NO_SOUND)];
const PLAYBACK: &Reasons = &[(
    &["device"],
    "viewers' microphones and cameras are not played",
)];

pub(super) fn import(import: &mut Import, place: &str, mut file: Section<'_>) {
    import.has_camera = true;
    for (names, reasons) in [
        (["video", "memsink"], MEMSINK),
        (["acap", "audio"], SOUND),
        (["aplay", "vplay"], PLAYBACK),
    ] {
        for name in names {
            if let Some(section) = file.section(name) {
                import
                    .remarks
                    .add_left(&format!("{place}: {name}"), section, reasons);
            }
        }
    }
    import.remarks.add_left(place, file, &[]);
}
