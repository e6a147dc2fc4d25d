"""Changes shown as they happen: one hub per process reads them, renders each once, and hands it to every open page."""
