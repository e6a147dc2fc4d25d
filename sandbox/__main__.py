"""`python -m sandbox [--host 127.0.0.1] [--port 8010]`"""

import argparse

import uvicorn


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Stands in for the upstream APIs.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010)
    arguments = parser.parse_args()
    # A create that hangs on purpose must not hold up the end.
    uvicorn.run(
        "sandbox.app:app",
        host=arguments.host,
        port=arguments.port,
        lifespan="on",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
