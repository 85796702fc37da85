//! An import as text: files of Fanlight.

use super::Import;
use crate::mountpoint::MountpointConfig;
use serde::Serialize;

/// The file of `--mountpoints`.
#[derive(Serialize)]
struct Mountpoints<'a> {
    mountpoint: [&'a MountpointConfig; 1],
}

impl Import {
    /// The options as a file for `--config`, and what has no counterpart, as comments; empty if
    /// there is nothing of either.
    pub(crate) fn options_toml(&self) -> String {
        let mut text = self.options.to_toml();
        let mut remarks = self.remarks.lines().peekable();
        if remarks.peek().is_some() {
            if !text.is_empty() {
                text += "\n";
            }
            text += "# Not taken over, or not as it was:\n";
        }
        for remark in remarks {
            // Names come from the file, and may have anything in them.
            text += &format!("# {}\n", remark.replace(char::is_control, " "));
        }
        text
    }

    /// The mountpoints as a file for `--mountpoints`; empty if there are none.
    pub(crate) fn mountpoints_toml(&self) -> Result<String, toml::ser::Error> {
        let tables = self.mountpoints.iter().map(|mountpoint| {
            toml::to_string(&Mountpoints {
                mountpoint: [mountpoint],
            })
        });
        Ok(tables.collect::<Result<Vec<_>, _>>()?.join("\n"))
    }

    /// Both, with a line before each that says what to do with it.
    pub(crate) fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let mut text = String::new();
        let options = self.options_toml();
        if !options.is_empty() {
            text +=
                &format!("# Options: save as fanlight.toml, for fanlight --config\n\n{options}");
        }
        let mountpoints = self.mountpoints_toml()?;
        if !mountpoints.is_empty() {
            if !text.is_empty() {
                text += "\n";
            }
            text += &format!(
                "# Mountpoints: save as mountpoints.toml, for fanlight --mountpoints\n\n{mountpoints}"
            );
        }
        Ok(text)
    }
}
