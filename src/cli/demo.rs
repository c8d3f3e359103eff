//! `lango demo [--walk]`

use super::audit::{show::timeline, verify::describe};
use crate::{
    app::{
        self,
        config::{Config, Format, Log, Origin, Sources, temporary_folder},
        telemetry,
    },
    ledger::{catalogue::LedgerPurpose, kernel::chain::hex, staff::Role},
    processes,
    services::{
        acting::Acting,
        staff::{self, Change, NewStaff},
    },
    simulators::town::{
        gallery, terminal, walk,
        world::{Addresses, Plan, World},
    },
    store::Store,
};
use clap::Args;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Play one sale in the terminal and exit: 0 only if the phone ended online.
    #[arg(long)]
    walk: bool,
    /// Run without callbacks, as behind a router without a public address: Lango asks M-PESA.
    #[arg(long)]
    local: bool,
}

/// The router and the phone of the demo listen beside the shop.
const ROUTER_PORT: u16 = 8082;
const PHONE_PORT: u16 = 8083;

/// A ledger for this run only, unless one is configured.
struct Place {
    config: Config,
    throw_away: Option<PathBuf>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(folder) = &self.throw_away {
            // Left behind, it is a small folder among the temporary files.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

impl Demo {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let quiet = Log { level: "warn".into(), format: Format::Text };
        telemetry::init(if self.walk { &quiet } else { &config.log });
        let place = place(config)?;
        let used = place.throw_away.as_ref().map_or(config, |_| &place.config);
        let store = app::open(used, Some(LedgerPurpose::Demo)).await?;
        if self.walk { self.walk(store, config).await } else { self.click(store, config).await }
    }

    fn plan(&self, addresses: Addresses) -> Plan {
        Plan { addresses, callbacks: !self.local, machine: app::machine() }
    }

    async fn walk(&self, store: Store, config: &Config) -> anyhow::Result<ExitCode> {
        let mut world = World::open(store, self.plan(Addresses::any())).await?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        world.start(async move {
            let _ = stopped.await;
        })?;
        let (online, number) = walk::walk(&world).await?;
        processes::settle(&world.shop.context).await?;
        let events = walk::events(&world, &number).await?;
        println!("\n● What the ledger says of it");
        print!("{}", timeline(&events, &config.shop.timezone));
        let audit = world.shop.context.store.verify().await?;
        print!("\n{}", describe(&audit, &config.shop.timezone));
        drop(stop);
        world.stopped().await;
        let good = online && audit.is_good();
        println!("{}", if good { "\nOnline. Sold once." } else { "\nThe sale did not work." });
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn click(&self, store: Store, config: &Config) -> anyhow::Result<ExitCode> {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let addresses = Addresses {
            shop: config.http.listen,
            staff: config.admin.listen,
            router: local(ROUTER_PORT),
            phone: local(PHONE_PORT),
        };
        let mut world = World::open(store, self.plan(addresses)).await?;
        let at = world.addresses;
        let password = owner(&world.shop.context.store).await?;
        println!(
            "\nLango demo: simulated M-PESA, SMS, router and phone. No real money moves.\n\n\
             Open two windows side by side:\n\
             \x20 the phone    http://{}/\n\
             \x20 the Wi-Fi    http://{}/\n\n\
             1. In the Wi-Fi window the router leads to the shop. Choose, type any number, such\n\
             \x20  as 0712 345 678, and pay.\n\
             2. M-PESA asks on the phone: press \"Enter the PIN\", or one of the other ends.\n\
             3. The Wi-Fi window shows the code and logs in by itself; the phone has it by SMS.\n\n\
             The shop itself is at http://{}/s/mtaa, the owner's desk at http://{}/admin:\n\
             sign in as \"{OWNER}\" with the password {password}. Every state of the buyers'\n\
             pages is at http://{}{}, and the router's terminal, in which\n\
             technicians set it up, at http://{}{}. Stop with Ctrl-C.\n",
            at.phone,
            at.router,
            at.shop,
            at.staff,
            at.phone,
            gallery::PATH,
            at.phone,
            terminal::PATH
        );
        world.start(app::asked_to_stop())?;
        world.stopped().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Who signs in at the demo's desk.
const OWNER: &str = "demo";

/// The demo's owner, with another password at each start; gives the password.
async fn owner(store: &Store) -> anyhow::Result<String> {
    let (_, random) = app::machine();
    let acting = Acting::at_command_line(store, random.as_ref());
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    let password = hex(&bytes);
    let known = store.read().staff_named(&staff::name_fingerprint(store, OWNER)).await?.is_some();
    let secret = password.clone().into();
    if known {
        let change = Change { password: Some(secret), ..Change::default() };
        acting.change_staff(OWNER, change).await?;
    } else {
        let (role, password) = (Role::Owner, &secret);
        acting.add_staff(NewStaff { name: OWNER, role, password }).await?;
    }
    Ok(password)
}

fn place(config: &Config) -> anyhow::Result<Place> {
    let configured = config.origin("database.url") != Origin::Default;
    let mut random = [0; 8];
    app::machine().1.fill(&mut random);
    let folder = temporary_folder().join(format!("lango-demo-{}", hex(&random)));
    let environment = vec![
        ("LANGO_DATABASE__URL".into(), format!("sqlite:{}", folder.join("demo.db").display())),
        ("LANGO_SECRETS__MASTER_KEY_FILE".into(), folder.join("demo.key").display().to_string()),
    ];
    if !configured {
        std::fs::create_dir(&folder)?;
    }
    let sources = Sources { environment, ..Sources::default() };
    let config = Config::load(&sources).map_err(|problems| anyhow::anyhow!("{problems}"))?;
    Ok(Place { config, throw_away: (!configured).then_some(folder) })
}
