"""What a clip sounds like: a slow chord drawn from its prompt, over wind."""

from av.filter import Graph

from sandbox.chance import chance_of

SAMPLE_RATE = 48_000
CHORDS = ((1, 5 / 4, 3 / 2), (1, 6 / 5, 3 / 2), (1, 4 / 3, 5 / 3), (1, 9 / 8, 3 / 2))


def sound_graph(prompt: str, *, seconds: int) -> Graph:
    chance = chance_of(prompt)
    root, chord = chance.choice((110, 123.5, 130.8, 146.8, 164.8)), chance.choice(CHORDS)
    tones = (f"0.11*sin(2*PI*{root * step:.2f}*t)*(0.7+0.3*sin({step:.2f}*t))" for step in chord)
    graph = Graph()
    pad = graph.add("aevalsrc", f"exprs={'+'.join(tones)}:s={SAMPLE_RATE}:d={seconds}")
    wind = graph.add("anoisesrc", f"c=pink:a=0.12:r={SAMPLE_RATE}:d={seconds}:seed={chance.randint(0, 9999)}")
    soft, swell = graph.add("lowpass", "f=420"), graph.add("tremolo", "f=0.2:d=0.6")
    blend = graph.add("amix", "inputs=2:normalize=0")
    graph.link_nodes(wind, soft, swell)
    pad.link_to(blend, 0, 0)
    swell.link_to(blend, 0, 1)
    graph.link_nodes(
        blend,
        graph.add("afade", "t=in:d=0.4"),
        graph.add("afade", f"t=out:st={seconds - 0.6}:d=0.6"),
        graph.add("aformat", f"sample_fmts=fltp:channel_layouts=stereo:sample_rates={SAMPLE_RATE}"),
        graph.add("asetnsamples", "n=1024:p=0"),
        graph.add("abuffersink"),
    )
    graph.configure()
    return graph
