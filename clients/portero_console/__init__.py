"""The web console: pages for people, REST and live events for programs, all by the SDK with the caller's own rights.

async with running_console(load_settings(), ConnectionSettings.from_environment()) as console:
    print(console.address)

`portero console` runs it. Needs the extra `console`.
"""
