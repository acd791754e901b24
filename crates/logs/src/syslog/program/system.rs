//! Services, the kernel, and connections to old daemons.

use super::{Said, between};
use std::net::IpAddr;

impl Said<'_, '_> {
    pub(super) fn systemd(mut self) {
        let m = self.message;
        let verbs = [
            ("Started ", "service-started", true),
            ("Stopped ", "service-stopped", true),
            ("Reloaded ", "service-reloaded", true),
            ("Mounted ", "mounted", true),
            ("Unmounted ", "unmounted", true),
            ("Failed to start ", "service-started", false),
            ("Failed to stop ", "service-stopped", false),
        ];
        if let Some((verb, action, success)) = verbs.iter().find(|(v, ..)| m.starts_with(v)) {
            self.action(action);
            self.outcome(*success);
            self.text("service.name", m[verb.len()..].trim_end_matches('.'));
        } else if let Some((unit, rest)) = m.split_once(": ")
            && (rest.starts_with("Failed with result") || rest.starts_with("Main process exited"))
        {
            self.action("service-failed");
            self.outcome(false);
            self.text("service.name", unit);
        }
    }

    pub(super) fn kernel(mut self) {
        // `[   12.345678] usb 1-1: …`
        let m = match self.message.strip_prefix('[').and_then(|m| m.split_once(']')) {
            Some((at, rest)) if at.trim().parse::<f64>().is_ok() => rest.trim_start(),
            _ => self.message,
        };
        if m.contains(" SRC=") && m.contains(" DST=") {
            return self.packet(m);
        }
        let Some((device, rest)) = m.split_once(": ") else { return };
        if rest.starts_with("New USB device found") {
            self.action("usb-attached");
            for (key, name) in [("idVendor=", "usb.vendor_id"), ("idProduct=", "usb.product_id")] {
                self.text(name, between(rest, key, ",").unwrap_or_default());
            }
        } else if rest.starts_with("USB Mass Storage device detected")
            || rest.contains("usb-storage ")
        {
            self.action("usb-storage-attached");
        } else if rest.starts_with("USB disconnect") {
            self.action("usb-detached");
        } else if let Some(serial) = rest.strip_prefix("SerialNumber: ") {
            self.action("usb-described");
            self.text("device.serial_number", serial);
        } else if let Some(product) = rest.strip_prefix("Product: ") {
            self.action("usb-described");
            self.text("device.model.name", product);
        } else if let Some(maker) = rest.strip_prefix("Manufacturer: ") {
            self.action("usb-described");
            self.text("device.manufacturer", maker);
        } else if rest.contains("Attached SCSI removable disk") {
            self.action("usb-storage-attached");
            self.text("device.name", between(rest, "[", "]").unwrap_or_default());
        } else {
            return;
        }
        self.text("device.id", device.rsplit(' ').next().unwrap_or_default());
    }

    /// The packet filter's log: `… IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 … SPT=1 DPT=2`
    fn packet(&mut self, m: &str) {
        self.action("packet");
        for word in m.split(' ') {
            let Some((key, value)) = word.split_once('=') else { continue };
            let name = match key {
                "SRC" => "source.ip",
                "DST" => "destination.ip",
                "SPT" => "source.port",
                "DPT" => "destination.port",
                "PROTO" => {
                    self.text("network.transport", &value.to_ascii_lowercase());
                    continue;
                }
                _ => continue,
            };
            if let Ok(ip) = value.parse::<IpAddr>() {
                self.event.push(name, ip);
            } else if let Ok(number) = value.parse::<u16>() {
                self.event.push(name, i64::from(number));
            }
        }
    }

    /// `connection from 192.0.2.1 (host.example) at …`, `Authentication failed from …`
    pub(super) fn connection(mut self) {
        let m = self.message;
        if let Some(rest) = m.strip_prefix("connection from ") {
            self.action("connected");
            self.host(rest.split(' ').next().unwrap_or_default());
        } else if let Some(rest) = m.strip_prefix("Authentication failed from ") {
            self.action("authentication-failed");
            self.authentication(false);
            self.host(rest.split([' ', ':']).next().unwrap_or_default());
        } else if m.starts_with("Kerberos authentication failed") {
            self.action("authentication-failed");
            self.authentication(false);
        }
    }
}
