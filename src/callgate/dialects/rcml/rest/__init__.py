"""The REST API of the RCML dialect: accounts, calls, numbers, applications, clients and the error log.

Source: the open-source product's endpoints and converters (restcomm.http), and the published REST API documentation.
"""
