-- What a device is called in the topics of its maker's firmware, where that is not its id: a Shelly's topic prefix, a friendly name.
ALTER TABLE devices ADD COLUMN topic TEXT;
CREATE UNIQUE INDEX devices_topic ON devices (topic) WHERE topic IS NOT NULL;

-- One credential that speaks for a named set of devices: the shared user of many Shellys, a Zigbee2MQTT.
CREATE TABLE gateways (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL UNIQUE,             -- its user name; never a device's id
    base       TEXT    UNIQUE,                      -- every topic below it is the gateway's own: zigbee2mqtt
    token_hash TEXT    NOT NULL UNIQUE,             -- SHA-256, hexadecimal
    created_ms BIGINT  NOT NULL,
    changed_ms BIGINT  NOT NULL
);

CREATE TABLE gateway_devices (
    gateway_id BIGINT NOT NULL REFERENCES gateways (id) ON DELETE CASCADE,
    device     BIGINT NOT NULL REFERENCES devices (number) ON DELETE CASCADE,
    PRIMARY KEY (gateway_id, device)
);
