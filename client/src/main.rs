//! Fanlight's page.
#![forbid(unsafe_code)]

fn main() {
    fanlight_client::page::mount();
}
