//! The list of folders, their files taken into the program. One entry a folder, one line a query.

use super::{Projection, Query};

/// Every projection.
pub const ALL: &[Projection] = &[
    Projection {
        name: "exceptions",
        tables: include_str!("../../../../projections/exceptions/table.sql"),
        fold: include_str!("../../../../projections/exceptions/fold.sql"),
        queries: &[
            Query {
                name: "all",
                sql: include_str!("../../../../projections/exceptions/queries/all.sql"),
            },
            Query {
                name: "of_purchase",
                sql: include_str!("../../../../projections/exceptions/queries/of_purchase.sql"),
            },
        ],
        example: include_str!("../../../../projections/exceptions/example.json"),
    },
    Projection {
        name: "journal",
        tables: include_str!("../../../../projections/journal/table.sql"),
        fold: include_str!("../../../../projections/journal/fold.sql"),
        queries: &[
            Query {
                name: "entries",
                sql: include_str!("../../../../projections/journal/queries/entries.sql"),
            },
            Query {
                name: "trial_balance",
                sql: include_str!("../../../../projections/journal/queries/trial_balance.sql"),
            },
            Query {
                name: "unbalanced",
                sql: include_str!("../../../../projections/journal/queries/unbalanced.sql"),
            },
        ],
        example: include_str!("../../../../projections/journal/example.json"),
    },
    Projection {
        name: "messages",
        tables: include_str!("../../../../projections/messages/table.sql"),
        fold: include_str!("../../../../projections/messages/fold.sql"),
        queries: &[Query {
            name: "of_purchase",
            sql: include_str!("../../../../projections/messages/queries/of_purchase.sql"),
        }],
        example: include_str!("../../../../projections/messages/example.json"),
    },
    Projection {
        name: "payments",
        tables: include_str!("../../../../projections/payments/table.sql"),
        fold: include_str!("../../../../projections/payments/fold.sql"),
        queries: &[
            Query {
                name: "of_purchase",
                sql: include_str!("../../../../projections/payments/queries/of_purchase.sql"),
            },
            Query {
                name: "one",
                sql: include_str!("../../../../projections/payments/queries/one.sql"),
            },
        ],
        example: include_str!("../../../../projections/payments/example.json"),
    },
    Projection {
        name: "purchases",
        tables: include_str!("../../../../projections/purchases/table.sql"),
        fold: include_str!("../../../../projections/purchases/fold.sql"),
        queries: &[
            Query {
                name: "by_contact",
                sql: include_str!("../../../../projections/purchases/queries/by_contact.sql"),
            },
            Query {
                name: "by_device",
                sql: include_str!("../../../../projections/purchases/queries/by_device.sql"),
            },
            Query {
                name: "listed",
                sql: include_str!("../../../../projections/purchases/queries/listed.sql"),
            },
            Query {
                name: "latest",
                sql: include_str!("../../../../projections/purchases/queries/latest.sql"),
            },
            Query {
                name: "one",
                sql: include_str!("../../../../projections/purchases/queries/one.sql"),
            },
        ],
        example: include_str!("../../../../projections/purchases/example.json"),
    },
    Projection {
        name: "revenue",
        tables: include_str!("../../../../projections/revenue/table.sql"),
        fold: include_str!("../../../../projections/revenue/fold.sql"),
        queries: &[
            Query {
                name: "days",
                sql: include_str!("../../../../projections/revenue/queries/days.sql"),
            },
            Query {
                name: "unbalanced",
                sql: include_str!("../../../../projections/revenue/queries/unbalanced.sql"),
            },
        ],
        example: include_str!("../../../../projections/revenue/example.json"),
    },
    Projection {
        name: "shelf",
        tables: include_str!("../../../../projections/shelf/table.sql"),
        fold: include_str!("../../../../projections/shelf/fold.sql"),
        queries: &[
            Query {
                name: "before",
                sql: include_str!("../../../../projections/shelf/queries/before.sql"),
            },
            Query {
                name: "days",
                sql: include_str!("../../../../projections/shelf/queries/days.sql"),
            },
        ],
        example: include_str!("../../../../projections/shelf/example.json"),
    },
    Projection {
        name: "stock",
        tables: include_str!("../../../../projections/stock/table.sql"),
        fold: include_str!("../../../../projections/stock/fold.sql"),
        queries: &[Query {
            name: "all",
            sql: include_str!("../../../../projections/stock/queries/all.sql"),
        }],
        example: include_str!("../../../../projections/stock/example.json"),
    },
    Projection {
        name: "usage",
        tables: include_str!("../../../../projections/usage/table.sql"),
        fold: include_str!("../../../../projections/usage/fold.sql"),
        queries: &[
            Query {
                name: "of_site",
                sql: include_str!("../../../../projections/usage/queries/of_site.sql"),
            },
            Query {
                name: "orders",
                sql: include_str!("../../../../projections/usage/queries/orders.sql"),
            },
            Query {
                name: "told",
                sql: include_str!("../../../../projections/usage/queries/told.sql"),
            },
        ],
        example: include_str!("../../../../projections/usage/example.json"),
    },
    Projection {
        name: "vouchers",
        tables: include_str!("../../../../projections/vouchers/table.sql"),
        fold: include_str!("../../../../projections/vouchers/fold.sql"),
        queries: &[
            Query {
                name: "of_batch",
                sql: include_str!("../../../../projections/vouchers/queries/of_batch.sql"),
            },
            Query {
                name: "at_router",
                sql: include_str!("../../../../projections/vouchers/queries/at_router.sql"),
            },
            Query {
                name: "one",
                sql: include_str!("../../../../projections/vouchers/queries/one.sql"),
            },
            Query {
                name: "batch_standing",
                sql: include_str!("../../../../projections/vouchers/queries/batch_standing.sql"),
            },
            Query {
                name: "handouts",
                sql: include_str!("../../../../projections/vouchers/queries/handouts.sql"),
            },
            Query {
                name: "unsold_of_batch",
                sql: include_str!("../../../../projections/vouchers/queries/unsold_of_batch.sql"),
            },
            Query {
                name: "of_handout",
                sql: include_str!("../../../../projections/vouchers/queries/of_handout.sql"),
            },
        ],
        example: include_str!("../../../../projections/vouchers/example.json"),
    },
];
