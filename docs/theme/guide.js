// Draws the Mermaid pictures of a page, and again if the theme changes. The script of Mermaid is part of the book; without it the
// text of a picture stays.
(() => {
    const blocks = [...document.querySelectorAll("pre > code.language-mermaid")];
    if (blocks.length === 0) {
        return;
    }
    const pictures = blocks.map((code, number) => {
        const picture = document.createElement("div");
        picture.className = "mermaid-picture";
        return { code, picture, source: code.textContent, id: `mermaid-${number}` };
    });
    const isDark = () => ["navy", "coal", "ayu"].some((theme) => document.documentElement.classList.contains(theme));
    const colours = (dark) =>
        dark
            ? { paper: "#161923", ink: "#d5dae6", soft: "#98a2b8", box: "#262e47", edge: "#7fa7dc", note: "#2f3347", line: "#4a5270" }
            : { paper: "#ffffff", ink: "#1f2933", soft: "#5a6673", box: "#eef3fb", edge: "#33557f", note: "#fff8e1", line: "#d9c98f" };

    async function draw() {
        const dark = isDark();
        const c = colours(dark);
        window.mermaid.initialize({
            startOnLoad: false,
            securityLevel: "strict",
            theme: "base",
            sequence: { mirrorActors: false, messageAlign: "left", noteAlign: "center", wrap: false, useMaxWidth: true, actorMargin: 160,
                        boxMargin: 6, noteMargin: 8, messageMargin: 30, height: 40 },
            themeVariables: {
                darkMode: dark,
                background: c.paper,
                fontFamily: "system-ui, sans-serif",
                fontSize: "14px",
                primaryColor: c.box,
                primaryBorderColor: c.edge,
                primaryTextColor: c.ink,
                lineColor: c.soft,
                textColor: c.ink,
                actorBkg: c.box,
                actorBorder: c.edge,
                actorTextColor: c.ink,
                actorLineColor: c.soft,
                signalColor: c.soft,
                signalTextColor: c.ink,
                noteBkgColor: c.note,
                noteBorderColor: c.line,
                noteTextColor: c.ink,
                labelBoxBkgColor: c.box,
                labelBoxBorderColor: c.edge,
                loopTextColor: c.ink,
                edgeLabelBackground: c.paper,
            },
        });
        for (const { code, picture, source, id } of pictures) {
            try {
                picture.innerHTML = (await window.mermaid.render(id, source)).svg;
                const pre = code.parentElement;
                if (pre.isConnected) {
                    (pre.parentElement.matches(".code-wrapper") ? pre.parentElement : pre).replaceWith(picture);
                }
            } catch (error) {
                console.error(`a picture cannot be drawn: ${error}`);
            }
        }
    }

    const script = document.createElement("script");
    script.src = `${path_to_root}mermaid.tiny.js`;
    script.onload = () => {
        let dark = isDark();
        draw();
        new MutationObserver(() => {
            if (isDark() !== dark) {
                dark = isDark();
                draw();
            }
        }).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    };
    document.head.append(script);
})();
