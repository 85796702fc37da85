//! The program `fanlight`: everything is in the library, where fuzz targets reach it, too.

use std::process::ExitCode;

fn main() -> ExitCode {
    fanlight::main()
}
