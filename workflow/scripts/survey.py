from job import job

with job(snakemake):
    from energyguide.files.atomic import read_json, write_json, write_text
    from energyguide.reporting.read import first_samples
    from energyguide.reporting.topics.survey import page

    p = snakemake.params
    classes = read_json(snakemake.input.data)["classes"]
    first, second = (first_samples(snakemake.input.samples, system, p.scale, p.pairs) for system in p.systems)
    names = [classes[i % len(classes)] for i in range(p.pairs)]
    html, survey = page(first, second, names, p.systems, p.title, p.seed)
    write_text(snakemake.output.html, html)
    write_json(snakemake.output.json, survey)
