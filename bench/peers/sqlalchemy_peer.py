"""paho + SQLAlchemy + SQLite, a commit for each message: the usual small back end. SQLite with its own defaults."""

import json
import sys

from sqlalchemy import BigInteger, Float, Integer, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from count import Count, run

METRICS = [
    "power_w", "voltage_v", "current_a", "power_factor", "frequency_hz",
    "energy_wh", "apparent_power_va", "reactive_power_var", "temperature_c", "rssi_dbm",
]


class Base(DeclarativeBase):
    pass


Reading = type(
    "Reading",
    (Base,),
    {
        "__tablename__": "readings",
        "id": mapped_column(Integer, primary_key=True),
        "device": mapped_column(String(64)),
        "ts": mapped_column(BigInteger),
        **{name: mapped_column(Float) for name in METRICS},
    },
)

port, folder = int(sys.argv[1]), sys.argv[2]
engine = create_engine(f"sqlite:///{folder}/peer.db")
Base.metadata.create_all(engine)
session = Session(engine)
count = Count()


def on_message(_client, _data, message):
    body = json.loads(message.payload)
    session.add(Reading(device=message.topic.split("/")[1], **body))
    session.commit()
    count.add(1)


run(port, on_message, lambda: None, count)
