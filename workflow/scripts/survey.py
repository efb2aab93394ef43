from job import job

with job(snakemake):
    from energyguide.files.atomic import write_json, write_text
    from energyguide.reporting.names import classes
    from energyguide.reporting.read import first_samples
    from energyguide.reporting.topics.survey import page

    p = snakemake.params
    known = classes(snakemake.input.data, p.labels)
    first, second = (first_samples(snakemake.input.samples, system, p.scale, p.pairs) for system in p.systems)
    names = [known[i % len(known)] for i in range(p.pairs)]
    html, survey = page(first, second, names, p.systems, p.title, p.seed)
    write_text(snakemake.output.html, html)
    write_json(snakemake.output.json, survey)
